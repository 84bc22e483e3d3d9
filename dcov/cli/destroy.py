"""`dcov destroy`: take the site down."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from dcov.cli.options import Changing, spread
from dcov.cli.progress import say

if TYPE_CHECKING:
    from dcov.fleet import Fleet
    from dcov.report import Report

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("destroy")
@spread
def destroy(
    *,
    volumes: Annotated[
        bool, typer.Option("--volumes", help="Also history and Grafana's database, for good.")
    ] = False,
    exporters: Annotated[
        bool, typer.Option("--exporters", help="Also the exporters on the workers.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask for the site's name.")
    ] = False,
    how: Changing,
) -> None:
    """Remove what dcov made on the master, and nothing else.

    The plan is shown first, and done once you have typed the site's name; one that failed on a
    server is not asked about. What dcov replaced comes back; containers, networks and files of
    others stay. Packages and images stay, too.
    """
    from dcov.cli.outcome import finish, show_report
    from dcov.tasks import destroy as taken_down

    workflow = taken_down(volumes=volumes, exporters=exporters)

    def act(fleet: Fleet) -> Report:
        if how.dry_run:
            return fleet.plan(workflow).report
        if yes:
            return fleet.run(workflow)
        if not sys.stdin.isatty():
            raise typer.BadParameter("there is no terminal to ask on; say -y to do it")
        plan = fleet.plan(workflow)
        if plan.report.failures:  # to apply the rest would end as if nothing were left
            return plan.report
        show_report(plan.report, how)
        _confirm(fleet)
        return plan.apply()

    finish(how, act)


def _confirm(fleet: Fleet) -> None:
    master = fleet.site.master
    where = f"{master.name}, which is this machine" if master.login.local else master.name
    say(f"This removes the monitoring of {fleet.site.name} on {where}.")
    if typer.prompt("Type the site's name to do it", err=True) != fleet.site.name:
        raise typer.Abort
