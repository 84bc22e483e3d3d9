"""`dcov upgrade`: new images for the services on the master."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dcov.cli.options import Changing, spread

if TYPE_CHECKING:
    from dcov.fleet import Fleet
    from dcov.report import Report

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("upgrade")
@spread
def upgrade(
    *,
    pull: Annotated[
        bool, typer.Option("--pull/--no-pull", help="Ask the registry for newer ones first.")
    ] = True,
    how: Changing,
) -> None:
    """Run the images that the site names on the master, with a way back to the former ones.

    Tags that moved are followed. When a container does not become healthy within two minutes all
    former images run again, and the report says so. Exporters: dcov run upgrade-exporters.
    """
    from dcov.cli.outcome import finish
    from dcov.tasks import upgrade_stack

    def act(fleet: Fleet) -> Report:
        if how.dry_run:
            return fleet.plan(upgrade_stack, pull=pull).report
        return fleet.run(upgrade_stack, pull=pull)

    finish(how, act)
