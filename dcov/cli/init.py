"""`dcov init`: a configuration to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dcov.cli.progress import say
from dcov.config.example_file import example_file
from dcov.config.replace import create
from dcov.config.search import FILE_NAME

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("init")
def init(
    *,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where; made if it is missing.")
    ] = Path(),
) -> None:
    """Write a commented fleet-config.yaml to begin with; one that is there is left alone.

    `dcov quickstart` in a terminal asks for the same instead.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE_NAME
    create(file, text=example_file())
    say(f"{file}: edit it, then `dcov config check`")
