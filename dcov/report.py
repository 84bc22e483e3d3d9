"""What a run came to: exactly one outcome for each server."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from dcov.change import Change
from dcov.errors import CancelledError, DcovError, FleetError
from dcov.printable import drawn
from dcov.secret import Masker

if TYPE_CHECKING:
    from nornir.core.inventory import Host
    from nornir.core.task import AggregatedResult

VERSION = 1  # of the JSON form
NAMED = 5  # changes in one line: those of an exporter, and not the sixty of a blank master


class Status(StrEnum):
    """How a server came out of a run."""

    OK = "ok"
    CHANGED = "changed"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    NOT_RUN = "not_run"

    @property
    def good(self) -> bool:
        """Whether nothing is left to do for this server."""
        return self in (Status.OK, Status.CHANGED, Status.SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the server cost: connections, commands, forwarded channels, bytes, logins tried."""

    connections: int = 0
    execs: int = 0
    channels: int = 0
    uploaded: int = 0
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Outcome:
    """How one server came out; texts are masked.

    `value` is what the task returned. `rollback` is `complete`, `incomplete: ...`, or
    `pending: ...` where the server undoes by itself; empty where nothing had to be undone.
    """

    server: str
    status: Status
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    value: Any = None
    error: BaseException | None = None
    rollback: str = ""
    reason: str = ""
    seconds: float = 0.0
    cost: Cost = field(default_factory=Cost)
    masker: Masker = field(default_factory=Masker, repr=False, compare=False)

    def __repr__(self) -> str:
        shown = (f"{item.name}={getattr(self, item.name)!r}" for item in fields(self) if item.repr)
        return self.masker.text(f"Outcome({', '.join(shown)})")

    @property
    def code(self) -> str:
        """The stable code of the error, `bug` for one that dcov did not raise on purpose."""
        if self.error is None:
            return ""
        return self.error.code if isinstance(self.error, DcovError) else "bug"

    @property
    def why(self) -> str:
        """One line, masked: the error's cause, the reason for skipping, or what changed first."""
        return self.masker.text(self._why())

    def _why(self) -> str:
        if isinstance(self.error, DcovError):
            return self.error.why
        if self.error is not None:
            return f"{type(self.error).__name__}: {' '.join(str(self.error).split())}"
        if self.reason:
            return self.reason
        done = [f"{c.resource} {c.action}" for c in self.changes if c.needed]
        if len(done) > NAMED:
            return f"{', '.join(done[:NAMED])} and {len(done) - NAMED} more"
        said = "" if self.value is None else str(self.value)
        return ", ".join(done) or "; ".join(filter(None, (*self.notes, said)))

    @property
    def hint(self) -> str:
        """What to do about the error."""
        return self.error.remedy if isinstance(self.error, DcovError) else ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, masked: the form of report.json and of `-o json`."""
        data = self._plain()
        return {key: masked(value, masker=self.masker) for key, value in data.items()}

    def _plain(self) -> dict[str, Any]:
        return {
            "server": self.server,
            "status": self.status.value,
            "changes": [
                {
                    "resource": change.resource,
                    "action": change.action.value,
                    "diff": list(change.diff),
                    **({"reason": change.reason} if change.reason else {}),
                }
                for change in self.changes
            ],
            "notes": list(self.notes),
            "code": self.code,
            "why": self.why,
            "hint": self.hint,
            "rollback": self.rollback,
            "value": plain(self.value),
            "seconds": round(self.seconds, 3),
            "cost": {key: getattr(self.cost, key) for key in Cost.__dataclass_fields__},
        }


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it; what it cannot hold becomes its text."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        return {key: plain(getattr(value, key)) for key in value.__dataclass_fields__}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    return str(value)


def masked(value: Any, *, masker: Masker) -> Any:
    """Return plain data with every known secret in it masked."""
    if isinstance(value, str):
        return masker.text(value)
    if isinstance(value, dict):
        return {key: masked(item, masker=masker) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item, masker=masker) for item in value]
    return value


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Report(Mapping[str, Outcome]):
    """The outcomes of a run by server name, in the fleet's order.

    `steps` are the reports of a workflow's steps; then each outcome sums up its server's.
    """

    run: str
    task: str
    outcomes: tuple[Outcome, ...]
    seconds: float = 0.0
    planned: bool = False
    hosts: Mapping[str, Host] = field(default_factory=dict, repr=False, compare=False)
    steps: tuple[Report, ...] = ()

    def __getitem__(self, server: str) -> Outcome:
        for outcome in self.outcomes:
            if outcome.server == server:
                return outcome
        raise KeyError(server)

    def __iter__(self) -> Iterator[str]:
        return (outcome.server for outcome in self.outcomes)

    def __len__(self) -> int:
        return len(self.outcomes)

    @property
    def ok(self) -> bool:
        """Whether every server came out well."""
        return all(outcome.status.good for outcome in self.outcomes)

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """The outcomes that are not good."""
        return tuple(outcome for outcome in self.outcomes if not outcome.status.good)

    @property
    def changed(self) -> tuple[Outcome, ...]:
        """The outcomes of servers that were changed; of a plan, those that would be."""
        return tuple(item for item in self.outcomes if any(c.needed for c in item.changes))

    @property
    def summary(self) -> str:
        """One line: how many servers came out how."""
        counts = Counter(outcome.status for outcome in self.outcomes)
        said = (f"{counts[status]} {status}" for status in Status if counts[status])
        return ", ".join(said) or "no servers"

    def raise_for_failures(self) -> None:
        """Raise FleetError (CancelledError where the run was cancelled) unless all is well."""
        if self.ok:
            return
        cancelled = any(item.status is Status.CANCELLED for item in self.outcomes)
        error = CancelledError if cancelled else FleetError
        raise error(report=self, summary=f"{self.task}: {self.summary}", run=self.run)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, versioned."""
        return {
            "version": VERSION,
            "run": self.run,
            "task": self.task,
            "plan": self.planned,
            "summary": self.summary,
            "seconds": round(self.seconds, 3),
            "servers": [outcome.to_dict() for outcome in self.outcomes],
            **({"steps": [step.to_dict() for step in self.steps]} if self.steps else {}),
        }

    def to_nornir(self) -> AggregatedResult:
        """Return the same as Nornir's result, for its `print_result` and processors."""
        from nornir.core.task import AggregatedResult, MultiResult, Result

        results = AggregatedResult(self.task)
        for outcome in self.outcomes:
            multi = MultiResult(self.task)
            result = Result(
                host=self.hosts.get(outcome.server),
                result=outcome.why if outcome.value is None else outcome.value,
                changed=outcome.status is Status.CHANGED,
                failed=not outcome.status.good,
                exception=outcome.error,
                diff="\n".join(line for change in outcome.changes for line in change.diff),
            )
            result.name = self.task  # type: ignore[assignment]  # nornir says None only
            multi.append(result)
            results[outcome.server] = multi
        return results

    def __repr__(self) -> str:
        return drawn(self)

    def __rich__(self) -> Any:
        from rich.table import Table
        from rich.text import Text

        table = Table(title=f"{self.task}: {self.summary}", title_justify="left", expand=False)
        for name in ("server", "status", "what", "time"):
            table.add_column(name, overflow="fold", justify="right" if name == "time" else "left")
        for outcome in self.outcomes:
            what = "\n".join(part for part in (outcome.why, *_aside(outcome)) if part)
            status = Text(outcome.status.value, style=STYLES[outcome.status])
            table.add_row(Text(outcome.server), status, Text(what), f"{outcome.seconds:.1f} s")
        return table

    def _repr_html_(self) -> str:
        """Return a table for notebooks; everything that came from a server is escaped."""
        rows = "".join(
            f"<tr><td>{html.escape(item.server)}</td><td>{item.status}</td>"
            f"<td>{'<br>'.join(map(html.escape, filter(None, (item.why, *_aside(item)))))}</td>"
            f"<td>{item.seconds:.1f} s</td></tr>"
            for item in self.outcomes
        )
        return (
            f"<table><caption>{html.escape(self.task)}: {html.escape(self.summary)}</caption>"
            f"<tr><th>server</th><th>status</th><th>what</th><th>time</th></tr>{rows}</table>"
        )


STYLES = {
    Status.OK: "green",
    Status.CHANGED: "yellow",
    Status.SKIPPED: "dim",
    Status.FAILED: "bold red",
    Status.UNREACHABLE: "red",
    Status.TIMED_OUT: "red",
    Status.CANCELLED: "magenta",
    Status.NOT_RUN: "dim",
}


def _aside(outcome: Outcome) -> tuple[str, ...]:
    """Return what stands below the cause: the hint, and how the rollback went."""
    rollback = f"rollback {outcome.rollback}" if outcome.rollback else ""
    hint = f"-> {outcome.hint}" if outcome.hint else ""
    return (outcome.masker.text(rollback), outcome.masker.text(hint))
