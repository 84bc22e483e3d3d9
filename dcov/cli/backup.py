"""`dcov backup`: the stack's data in one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dcov.cli.options import Changing, spread

if TYPE_CHECKING:
    from dcov.fleet import Fleet
    from dcov.report import Report

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("backup")
@spread
def backup(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The archive, on this machine.")],
    how: Changing,
) -> None:
    """Write the stack's data and configuration to one file, 0600, on this machine.

    History, dashboards, logins, certificates. Each container is stopped for the seconds in which
    its data are copied. The file opens the site: keep it as you keep passwords.
    """
    from dcov.cli.outcome import finish
    from dcov.tasks import backup_stack

    def act(fleet: Fleet) -> Report:
        if how.dry_run:
            return fleet.plan(backup_stack, to=file).report
        return fleet.run(backup_stack, to=file)

    finish(how, act)
