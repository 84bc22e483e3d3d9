"""`dcov templates`: what is rendered from which file."""

from __future__ import annotations

from typing import Annotated

import typer

from dcov.cli.form import Listing, show
from dcov.cli.options import Look, spread
from dcov.cli.progress import say
from dcov.inventory.open_site import open_site
from dcov.rendering import FOLDER, Templates

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, add_completion=False)


@app.callback()
def templates() -> None:
    """List the templates, and copy one to change it."""


@app.command("list")
@spread
def list_(*, how: Look) -> None:
    """List the templates, and the file that is used for each: dcov's, or the site's own."""
    found = Templates(open_site(how.config).folder / FOLDER)
    rows = [
        {"name": name, "whose": found.whose(name), "file": str(file)}
        for name, file in found.used().items()
    ]
    columns = ("name", "whose", "file")
    show(Listing(kind="templates", rows=rows, columns=columns), how.form)


@app.command("copy")
@spread
def copy(
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `dcov templates list` has it.")],
    how: Look,
) -> None:
    """Copy a template of dcov's beside the site's configuration, where it takes dcov's place."""
    made = Templates(open_site(how.config).folder / FOLDER).copy(name)
    say(f"{made}: this file is used from now on; `dcov quickstart --dry-run` shows what it changes")
