"""A run under way, and a plan that can become one."""

from __future__ import annotations

import html
import queue
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from threading import Event as Flag
from threading import Thread
from typing import Any

from dcov.engine.execution import Execution, Job
from dcov.engine.scope import Scope
from dcov.engine.stages import Chain, Stages
from dcov.events import Event
from dcov.printable import drawn
from dcov.report import Outcome, Report

DIFF = "    "  # what stands before a line of a diff


class RunInterrupted(KeyboardInterrupt):  # a KeyboardInterrupt, not an Error
    """Ctrl-C ended a run; `report` has an outcome for every server."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"{report.task}: {report.summary}")
        self.report = report


class Run:
    """A task or workflow under way."""

    def __init__(self, job: Job | Chain) -> None:
        self._outcomes: queue.SimpleQueue[Outcome | None] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        listeners = (*job.options.listeners, self._events.put)
        options = replace(job.options, listeners=listeners)
        self._job = job
        self._scope = Scope(job.site, options=options, links=job.links, planning=job.planning)
        self._execution = _execution(job, scope=self._scope, stream=self._outcomes.put)
        self._report: Report | None = None
        self._error: BaseException | None = None
        self._over = Flag()
        Thread(target=self._work, name=f"dcov-run-{self.id}", daemon=True).start()

    @property
    def id(self) -> str:
        """The run's id, which is also the name of its record."""
        return self._scope.id

    def cancel(self) -> None:
        """Begin no new work, end what only reads, let an apply come to its end."""
        self._scope.cancel.set()

    def leave(self) -> None:
        """Wait for nothing any more; busy servers are reported as in doubt."""
        self._execution.leave()

    def wait(self, timeout: float | None = None) -> Report:
        """Return the report when the run is over; raises TimeoutError before that."""
        if not self._over.wait(timeout):
            raise TimeoutError(f"run {self.id} is still under way after {timeout} s")
        if self._error is not None:
            raise self._error
        assert self._report is not None
        return self._report

    def wait_interruptibly(self) -> Report:
        """Wait; a first Ctrl-C cancels, a second one leaves. Then raises RunInterrupted."""
        try:
            return self.wait()
        except KeyboardInterrupt:
            self.cancel()
        try:
            report = self.wait()
        except KeyboardInterrupt:
            self.leave()
            report = self.wait(10)
        raise RunInterrupted(report)

    def outcomes(self) -> Iterator[Outcome]:
        """Yield each outcome as it comes; leaving the loop early cancels the run."""
        finished = False
        try:
            while (outcome := self._outcomes.get()) is not None:
                yield outcome
            finished = True
        finally:
            if not finished:
                self.cancel()
        self.wait()

    def events(self) -> Iterator[Event]:
        """Yield each event as it comes, to the end of the run."""
        while (event := self._events.get()) is not None:
            yield event

    def fingerprints(self) -> Mapping[str, tuple[str, ...]]:
        """Return the probed state of each server, once the run is over."""
        return self._execution.fingerprints

    def _work(self) -> None:
        try:
            servers = [entry.name for entry in self._job.servers]
            with self._scope.recorded(self._execution, name=self._job.name, servers=servers):
                self._execution.run()
            self._report = self._scope.report
        except BaseException as error:  # noqa: BLE001  # raised again where somebody waits
            self._error = error
        finally:
            self._over.set()
            self._outcomes.put(None)
            self._events.put(None)


def _execution(
    job: Job | Chain, *, scope: Scope, stream: Callable[[Outcome], None]
) -> Execution | Stages:
    if isinstance(job, Chain):
        return Stages(job, scope=scope, stream=stream)
    return Execution(job, scope=scope, stream=stream)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Plan:
    """All changes of a task over the fleet, nothing done.

    `apply` does just these: it refuses a server that has changed since.
    """

    report: Report
    fingerprints: Mapping[str, tuple[str, ...]]
    again: Callable[[Mapping[str, tuple[str, ...]]], Report]

    @property
    def has_changes(self) -> bool:
        """Whether applying would touch any server."""
        return bool(self.report.changed)

    def apply(self) -> Report:
        """Run the task on the servers that were planned without an error."""
        return self.again(self.fingerprints)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return self.report.to_dict()

    def __repr__(self) -> str:
        return drawn(self, wrap=False)  # a line of a file is one line here, too

    def __rich__(self) -> Any:
        from rich.console import Group
        from rich.text import Text

        parts: list[Any] = []
        for outcome in self.report.outcomes:
            parts.append(Text(f"{outcome.server}: {_headline(outcome)}", style="bold"))
            parts += [Text(line, style=_colour(line)) for line in _lines(outcome)]
        parts.append(Text(self._summary))
        return Group(*parts)

    def _repr_html_(self) -> str:
        """Return each server with its changes for notebooks; what came from it is escaped."""
        parts: list[str] = []
        for outcome in self.report.outcomes:
            head = html.escape(f"{outcome.server}: {_headline(outcome)}")
            parts.append(f"<p><strong>{head}</strong></p>")
            if lines := "\n".join(_lines(outcome)):
                parts.append(f"<pre>{html.escape(lines)}</pre>")
        return "".join([*parts, f"<p>{html.escape(self._summary)}</p>"])

    @property
    def _summary(self) -> str:
        return f"{len(self.report.changed)} of {len(self.report)} servers would change"


def _lines(outcome: Outcome) -> Iterator[str]:
    """Yield what would change, each change with its diff below it."""
    for change in outcome.changes:
        if change.needed:
            reason = f" ({change.reason})" if change.reason else ""
            yield f"  {change.resource}: {change.action}{reason}"
            yield from (f"{DIFF}{line}" for line in change.diff)


def _headline(outcome: Outcome) -> str:
    if outcome.error is not None:
        return f"{outcome.code}: {outcome.why}" + (f" -> {outcome.hint}" if outcome.hint else "")
    if outcome.reason:
        return f"{outcome.status}: {outcome.reason}"
    needed = sum(change.needed for change in outcome.changes)
    return f"{needed} of {len(outcome.changes)} resources would change" if needed else "no changes"


def _colour(line: str) -> str:
    if not line.startswith(DIFF):
        return ""
    mark = line.removeprefix(DIFF)[:1]
    return {"+": "green", "-": "red", "@": "cyan"}.get(mark, "dim")
