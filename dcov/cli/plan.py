"""`dcov plan TASK`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dcov.cli.options import Changing
from dcov.cli.run import run
from dcov.cli.task_group import task_app

if TYPE_CHECKING:
    from dcov.discovery import AnyTask


def plan(task: AnyTask, params: Mapping[str, Any], how: Changing) -> None:
    """Plan a task."""
    run(task, params, replace(how, dry_run=True))


app = task_app(
    plan,
    text="Show what a task would change, line by line; nothing is done.\n\n"
    "With --detailed-exitcode a plan that has changes ends with 5.",
)
