"""`dcov logs`: what a service on the master writes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from dcov.cli.complete import complete_service
from dcov.cli.form import write
from dcov.cli.remember import config_option

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("logs")
def logs(
    service: Annotated[
        str,
        typer.Argument(metavar="SERVICE", help="Its name.", autocompletion=complete_service),
    ],
    *,
    config: Annotated[Path | None, config_option()] = None,
    lines: Annotated[
        int, typer.Option("--lines", "-n", metavar="N", min=0, help="How many to begin with.")
    ] = 100,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what it writes, until Ctrl-C.")
    ] = False,
) -> None:
    """Show the last lines that a service on the master wrote; secrets of the site are masked."""
    from dcov.fleet import Fleet
    from dcov.stack.operation import logs as read

    for line in read(Fleet.load(config), service, tail=lines, follow=follow):
        write(line)
        sys.stdout.flush()
