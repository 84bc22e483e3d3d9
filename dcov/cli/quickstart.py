"""`dcov quickstart`: the whole site, step by step."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dcov.cli.form import Form, Listing, show
from dcov.cli.options import Changing, How, spread
from dcov.cli.progress import say

if TYPE_CHECKING:
    from dcov.fleet import Fleet
    from dcov.report import Report
    from dcov.workflow import Workflow

UNASKED = "write one with `dcov init`, or answer quickstart's questions in a terminal"

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("quickstart")
@spread
def quickstart(
    *,
    start: Annotated[
        str | None, typer.Option("--from", metavar="STEP", help="Begin with this step.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="STEP", help="Do this step alone; repeatable.")
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Deploy from what `dcov bundle` wrote; no internet."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether to begin.")] = False,
    how: Changing,
) -> None:
    """Deploy the whole site, or bring it up to date: exporters on workers, the stack on the master.

    It can be run again at any time: what is as it should be is left alone, and what a failure left
    undone is done. `dcov quickstart --dry-run` shows every change and makes none.
    """
    from dcov.cli.outcome import finish
    from dcov.tasks import offline
    from dcov.tasks import quickstart as whole

    how = _with_site(how)
    workflow = offline(bundle) if bundle else whole
    if start:
        workflow = workflow.starting_at(start)
    if only:
        workflow = workflow.only(*only)

    def act(fleet: Fleet) -> Report:
        if how.dry_run:
            return fleet.plan(workflow).report
        if not yes:
            _confirm(fleet, workflow)
        return fleet.run(workflow)

    finish(how, act, display=show_steps)


def _with_site(how: Changing) -> Changing:
    """Ask for what the site is where there is no configuration; somebody must be there to answer.

    One that is named, by -c or by DCOV_CONFIG, must exist: who mistyped its path wants no other.
    """
    from dcov.config.search import VARIABLE, find_config
    from dcov.errors import ConfigError
    from dcov.wizard import ask_site

    if how.config is not None or os.environ.get(VARIABLE):
        return how
    try:
        find_config()
    except ConfigError as error:
        if not sys.stdin.isatty():
            raise ConfigError.about(f"{error.why}, {UNASKED}") from None
        return replace(how, config=ask_site(Path.cwd()))
    return how


def _confirm(fleet: Fleet, workflow: Workflow) -> None:
    """Say on which machines what will be done, and ask; without a terminal -y must have said it."""
    master = fleet.site.master
    workers = [entry.name for entry in fleet.servers if entry.role != master.role]
    say(f"master: {master.name} ({'this machine' if master.login.local else master.login.place})")
    say(f"workers: {len(workers)}: {', '.join(workers[:5])}{' ...' if len(workers) > 5 else ''}")  # noqa: PLR2004
    say(f"steps: {', '.join(workflow.names)}")
    if not sys.stdin.isatty():
        raise typer.BadParameter("there is no terminal to ask on; say -y to begin")
    if not typer.confirm("Begin?", err=True):
        raise typer.Abort


def show_steps(report: Report, how: How) -> None:
    """Print how each step came out and how long it took, then each server."""
    from dcov.cli.outcome import show_report

    if how.form in {Form.TABLE, Form.WIDE} and report.steps:
        rows = [
            {
                "step": step.task,
                "servers": len(step),
                "outcome": step.summary,
                "changes": sum(c.needed for item in step.outcomes for c in item.changes),
                "seconds": f"{step.seconds:.1f}",
            }
            for step in report.steps
        ]
        columns = ("step", "servers", "outcome", "changes", "seconds")
        show(Listing(kind="steps", rows=rows, columns=columns, key="step"), how.form)
        typer.echo()
    show_report(report, how)
