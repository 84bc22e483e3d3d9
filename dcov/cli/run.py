"""`dcov run TASK`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dcov.cli.options import Changing
from dcov.cli.task_group import task_app

if TYPE_CHECKING:
    from dcov.discovery import AnyTask
    from dcov.fleet import Fleet
    from dcov.report import Report


def run(task: AnyTask, params: Mapping[str, Any], how: Changing) -> None:
    """Run a task, or only plan it."""
    from dcov.cli.outcome import finish

    def act(fleet: Fleet) -> Report:
        return fleet.plan(task, **params).report if how.dry_run else fleet.run(task, **params)

    finish(how, act)


app = task_app(
    run,
    text="Run a task on servers: those that it is for, or those of --limit.\n\n"
    "`dcov run TASK --help` shows the options of a task.",
)
