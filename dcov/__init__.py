"""Deploy and operate the monitoring of a fleet of GPU servers.

from dcov import Fleet
from dcov.tasks import install_exporters

fleet = Fleet.load("fleet-config.yaml")
print(fleet.plan(install_exporters))
fleet.run(install_exporters).raise_for_failures()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dcov.context import Check as Check
    from dcov.context import Context as Context
    from dcov.context import Preparing as Preparing
    from dcov.engine.run import Plan as Plan
    from dcov.engine.run import Run as Run
    from dcov.engine.run import RunInterrupted as RunInterrupted
    from dcov.fleet import Fleet as Fleet
    from dcov.report import Outcome as Outcome
    from dcov.report import Report as Report
    from dcov.report import Status as Status
    from dcov.runnable import Task as Task
    from dcov.runnable import task as task
    from dcov.secret import Secret as Secret
    from dcov.server import BoundServer as BoundServer
    from dcov.server import Server as Server
    from dcov.ssh.command import Shell as Shell
    from dcov.workflow import Step as Step
    from dcov.workflow import Workflow as Workflow

__version__ = "0.1.0"

_HOMES = {
    "BoundServer": "dcov.server",
    "Check": "dcov.context",
    "Context": "dcov.context",
    "Fleet": "dcov.fleet",
    "Outcome": "dcov.report",
    "Plan": "dcov.engine.run",
    "Preparing": "dcov.context",
    "Report": "dcov.report",
    "Run": "dcov.engine.run",
    "RunInterrupted": "dcov.engine.run",
    "Secret": "dcov.secret",
    "Server": "dcov.server",
    "Shell": "dcov.ssh.command",
    "Status": "dcov.report",
    "Step": "dcov.workflow",
    "Task": "dcov.runnable",
    "Workflow": "dcov.workflow",
    "task": "dcov.runnable",
}

__all__ = [*_HOMES, "__version__"]  # noqa: PLE0604  # names only


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'dcov' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
