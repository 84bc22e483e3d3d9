"""The steps of a workflow, one after the other, in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from dcov.engine.execution import Execution, Job
from dcov.engine.options import Options
from dcov.engine.scope import Scope
from dcov.errors import DcovError
from dcov.events import Kind
from dcov.inventory.entry import Entry
from dcov.inventory.site import Site
from dcov.report import Cost, Outcome, Report, Status
from dcov.ssh.links import Links
from dcov.workflow import Step

# What a server that did this in one step and that in another came to, the first that applies.
WORST_FIRST = (
    Status.FAILED,
    Status.TIMED_OUT,
    Status.UNREACHABLE,
    Status.CANCELLED,
    Status.NOT_RUN,
    Status.CHANGED,
    Status.OK,
    Status.SKIPPED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A workflow's steps, each with its task and servers; `expected` is keyed by `step/server`."""

    name: str
    site: Site
    steps: tuple[tuple[Step, Job], ...]
    options: Options
    planning: bool = False
    expected: Mapping[str, tuple[str, ...]] | None = None
    links: Links | None = None

    @property
    def servers(self) -> tuple[Entry, ...]:
        """Every server of any step, in the order of their first step."""
        found = {entry.name: entry for _, job in self.steps for entry in job.servers}
        return tuple(found.values())

    def without(self, servers: Container[str]) -> Chain:
        """Return the same on fewer servers."""
        return replace(self, steps=tuple((step, job.without(servers)) for step, job in self.steps))


class Stages:
    """Runs a chain. `stream` hears of each outcome of each step as it comes."""

    def __init__(self, chain: Chain, *, scope: Scope, stream: Callable[[Outcome], None]) -> None:
        self._chain = chain
        self._scope = scope
        self._stream = stream
        self._reports: dict[str, Report] = {}
        self._current: Execution | None = None
        self._began = time.monotonic()
        self.fingerprints: dict[str, tuple[str, ...]] = {}

    def run(self) -> None:
        """Run all steps; what cannot be prepared fails its own step only."""
        self._began = time.monotonic()
        for step, job in self._chain.steps:
            self._scope.tell(
                Kind.STEP_STARTED, step=step.name, servers=[entry.name for entry in job.servers]
            )
            self._reports[step.name] = report = self._step(step, job=job)
            self._scope.tell(Kind.STEP_FINISHED, step=step.name, summary=report.summary)

    def report(self) -> Report:
        """Return how it came out so far: one outcome for each server, and the steps' own."""
        steps = tuple(self._reports.values())
        outcomes = [
            merged(server.name, steps=steps)
            for server in self._chain.servers
            if any(server.name in report for report in steps)
        ]
        return Report(
            run=self._scope.id,
            task=self._chain.name,
            outcomes=tuple(outcomes),
            seconds=time.monotonic() - self._began,
            planned=self._chain.planning,
            steps=steps,
        )

    def leave(self) -> None:
        """End at once; servers that are busy are named as in doubt."""
        self._scope.cancel.set()
        if self._current is not None:
            self._current.leave()

    def _step(self, step: Step, *, job: Job) -> Report:
        began = time.monotonic()
        barred = {
            entry.name: why for entry in job.servers if (why := self._bar(step, server=entry.name))
        }
        ready = tuple(entry for entry in job.servers if entry.name not in barred)
        outcomes = {
            name: self._told(
                Outcome(server=name, status=Status.NOT_RUN, reason=why, masker=self._scope.masker),
                step=step,
            )
            for name, why in barred.items()
        }
        hosts: Mapping[str, Any] = {}
        if ready:
            execution = self._current = Execution(
                self._job(job, servers=ready, step=step),
                scope=self._scope,
                stream=self._stream,
                step=step.name,
            )
            try:
                execution.run()
                done = execution.report()
                hosts = done.hosts
                outcomes |= {outcome.server: outcome for outcome in done.outcomes}
            except DcovError as error:  # of `prepare`: nothing was touched
                for entry in ready:
                    failed = Outcome(
                        server=entry.name,
                        status=Status.FAILED,
                        error=error,
                        masker=self._scope.masker,
                    )
                    outcomes[entry.name] = self._told(failed, step=step)
            for server, found in execution.fingerprints.items():
                self.fingerprints[f"{step.name}/{server}"] = found
        return Report(
            run=self._scope.id,
            task=step.name,
            outcomes=tuple(outcomes[entry.name] for entry in job.servers),
            seconds=time.monotonic() - began,
            planned=self._chain.planning,
            hosts=hosts,
        )

    def _job(self, job: Job, *, servers: tuple[Entry, ...], step: Step) -> Job:
        planning = self._chain.planning
        return replace(
            job,
            servers=servers,
            planning=planning,
            options=job.options.at_once if planning else job.options,
            expected=self._expected(step),
        )

    def _bar(self, step: Step, *, server: str) -> str:
        """Say why a server must not run this step; nothing where it may."""
        if self._scope.cancel.is_set:
            return "the run was cancelled"
        for name, report in self._reports.items():
            if server in report and report[server].status is Status.UNREACHABLE:
                return f"it could not be reached in {name}"
            if stopped := next((one for one in report.outcomes if _ends_run(one)), None):
                return f"{name} stopped the run on {stopped.server}: {stopped.code}"
        for need in (*step.needs, *step.after):
            failed = {outcome.server for outcome in self._reports[need].failures}
            others = {self._chain.site.master.name} if need in step.needs else set()
            if bad := failed & {server, *others}:
                return f"{need} did not come out well on {', '.join(bad)}"
        return ""

    def _told(self, outcome: Outcome, *, step: Step) -> Outcome:
        data = outcome.to_dict()
        del data["server"]
        self._scope.tell(Kind.SERVER_FINISHED, server=outcome.server, step=step.name, **data)
        self._stream(outcome)
        return outcome

    def _expected(self, step: Step) -> Mapping[str, tuple[str, ...]] | None:
        """Return what the plan found; not for servers that earlier steps have changed since."""
        if self._chain.expected is None:
            return None
        changed = {item.server for report in self._reports.values() for item in report.changed}
        prefix = f"{step.name}/"
        return {
            key.removeprefix(prefix): found
            for key, found in self._chain.expected.items()
            if key.startswith(prefix) and key.removeprefix(prefix) not in changed
        }


def _ends_run(outcome: Outcome) -> bool:
    return isinstance(outcome.error, DcovError) and outcome.error.ends_run


def merged(server: str, *, steps: Sequence[Report]) -> Outcome:
    """Return one outcome for a server of a workflow: its worst, with everything it did."""
    parts = [(report.task, report[server]) for report in steps if server in report]
    outcomes = [outcome for _, outcome in parts]
    status = min((outcome.status for outcome in outcomes), key=WORST_FIRST.index)
    step, first = next((name, item) for name, item in parts if item.status is status)
    good = status.good
    return Outcome(
        server=server,
        status=status,
        changes=tuple(change for item in outcomes for change in item.changes),
        notes=tuple(dict.fromkeys(note for item in outcomes for note in item.notes)),
        error=first.error,
        reason="" if good else f"{step}: {first.why}",
        rollback="; ".join(item.rollback for item in outcomes if item.rollback),
        seconds=sum(item.seconds for item in outcomes),
        cost=Cost(
            **{
                part.name: sum(getattr(item.cost, part.name) for item in outcomes)
                for part in fields(Cost)
            }
        ),
        masker=first.masker,
    )
