"""`dcov restore`: a lost site, back from a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dcov.cli.options import Changing, spread

if TYPE_CHECKING:
    from dcov.fleet import Fleet
    from dcov.report import Report

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("restore")
@spread
def restore(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The archive, on this machine.")],
    how: Changing,
) -> None:
    """Bring a site back that was lost, from what `dcov backup` wrote.

    The master may be a new one. What is there already is refused, never overwritten.
    """
    from dcov.cli.outcome import finish
    from dcov.tasks import restore_stack

    def act(fleet: Fleet) -> Report:
        if how.dry_run:
            return fleet.plan(restore_stack, source=file).report
        return fleet.run(restore_stack, source=file)

    finish(how, act)
