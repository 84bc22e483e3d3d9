"""One task over its servers, from the first connection to the outcomes."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from nornir.core import Nornir
from nornir.core.inventory import Host
from nornir.core.processor import Processors
from nornir.core.state import GlobalState
from nornir.core.task import MultiResult, Result
from nornir.core.task import Task as NornirTask

from dcov.cancel import Cancelled
from dcov.context import Context, Preparing, Skip, Work
from dcov.engine.options import Options
from dcov.engine.plugins import make_ready
from dcov.engine.preparations import Preparations
from dcov.engine.processors import guarded
from dcov.engine.record import is_dead
from dcov.engine.runner import Abandoned, Answer, NotRun, Runner
from dcov.engine.scope import Scope, session_of
from dcov.errors import (
    CommandTimeoutError,
    ConnectError,
    DeadlineError,
    LinkLostError,
)
from dcov.events import Kind
from dcov.inventory.as_hosts import to_nornir
from dcov.inventory.entry import Entry
from dcov.inventory.site import Site
from dcov.report import Cost, Outcome, Report, Status
from dcov.runnable import Task
from dcov.ssh.links import Links

NornirFunction = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to run on which servers, and whether only to plan."""

    site: Site
    servers: tuple[Entry, ...]
    task: Task[..., Any] | NornirFunction
    params: Mapping[str, Any]
    options: Options
    planning: bool = False
    replacements: Mapping[str, Task[..., Any]] = field(default_factory=dict)
    expected: Mapping[str, tuple[str, ...]] | None = None
    links: Links | None = None  # of a fleet that stays connected between runs

    @property
    def name(self) -> str:
        """The task's name."""
        return name_of(self.task)

    def without(self, servers: Container[str]) -> Job:
        """Return the same on fewer servers."""
        left = tuple(entry for entry in self.servers if entry.name not in servers)
        return replace(self, servers=left)


def name_of(task: Task[..., Any] | NornirFunction) -> str:
    """Return the name of a task, dcov's or Nornir's."""
    return task.name if isinstance(task, Task) else getattr(task, "__name__", "task")


class Execution:
    """Runs one task within a run. `stream` hears of each outcome as it comes.

    `step` names the task's place in a workflow; it is empty where the task is the whole run.
    """

    def __init__(
        self, job: Job, *, scope: Scope, stream: Callable[[Outcome], None], step: str = ""
    ) -> None:
        self.job = job
        self._scope = scope
        self._step = step
        self._stream = stream
        self._outcomes: dict[str, Outcome] = {}
        self._prepare = Preparations(
            Preparing(
                fleet=job.site,
                servers=job.servers,
                planning=job.planning,
                note=scope.note,
                hide=scope.masker.learn,
            )
        )
        self._runner = Runner(options=job.options, done=self._done, cancel=scope.cancel)
        self.fingerprints: dict[str, tuple[str, ...]] = {}
        self._hosts: dict[str, Host] = {}
        self._began = time.monotonic()
        self._work = Work(
            run=scope.id,
            step=step,
            holder=scope.holder,
            fleet=job.site,
            cancel=scope.cancel,
            masker=scope.masker,
            emit=scope.emit,
            prepare=self._prepare,
            planning=job.planning,
            is_dead=is_dead,
            replacements=job.replacements,
            expected=job.expected,
        )

    def run(self) -> None:
        """Run to the end; raises what `prepare` raises, before any server was touched."""
        self._began = time.monotonic()
        if isinstance(self.job.task, Task):
            self._prepare(self.job.task, self.job.task.validated(self.job.params))
        self._run_nornir()

    def report(self) -> Report:
        """Return how it came out so far."""
        names = [entry.name for entry in self.job.servers]
        return Report(
            run=self._scope.id,
            task=self.job.name,
            outcomes=tuple(self._outcomes[name] for name in names if name in self._outcomes),
            seconds=time.monotonic() - self._began,
            planned=self.job.planning,
            hosts=self._hosts,
        )

    def leave(self) -> None:
        """End at once; servers that are busy are named as in doubt."""
        self._runner.leave()

    def _run_nornir(self) -> None:
        job = self.job
        if not job.servers:
            return  # nornir would warn
        inventory = to_nornir(job.site)
        chosen = {entry.name for entry in job.servers}
        nornir = Nornir(
            inventory=inventory,
            runner=self._runner,
            data=GlobalState(dry_run=job.planning),
            processors=Processors(guarded(job.options.processors)),
        ).filter(filter_func=lambda host: host.name in chosen)
        self._hosts = dict(nornir.inventory.hosts)
        if isinstance(job.task, Task):
            nornir.run(task=self._on_host, name=job.name, on_failed=True)
        elif job.planning or job.expected is not None:  # nor is done what no plan has shown
            for name in chosen:
                self._done(name, Skip("opaque: not a dcov task, so a plan cannot look into it"))
        else:
            make_ready(nornir.inventory, site=job.site)
            nornir.run(task=job.task, name=job.name, on_failed=True, **job.params)

    def _on_host(self, task: NornirTask) -> Result:
        """Run a dcov task: what Nornir calls for each host."""
        assert isinstance(self.job.task, Task)
        entry = self.job.site.entries.get(task.host.name) or self._entry(task.host.name)
        outcome = self._one(entry, task=self.job.task)
        return Result(
            host=task.host,
            result=outcome,
            failed=not outcome.status.good,
            changed=outcome.status is Status.CHANGED,
            exception=outcome.error,
        )

    def _entry(self, name: str) -> Entry:
        return next(entry for entry in self.job.servers if entry.name == name)

    def _one(self, entry: Entry, *, task: Task[..., Any]) -> Outcome:
        began = time.monotonic()
        self._scope.tell(Kind.SERVER_STARTED, server=entry.name, step=self._step)
        scope = self._scope
        session = session_of(entry, links=scope.links, masker=scope.masker, cancel=scope.cancel)
        ctx = Context(self._work, entry=entry, session=session, deadline=self.job.options.deadline)
        value: Any = None
        error: BaseException | None = None
        reason = ""
        try:
            value = ctx.call(task, self.job.params)
            status = Status.CHANGED if any(c.needed for c in ctx.changes) else Status.OK
        except Skip as skipped:
            status, reason = Status.SKIPPED, str(skipped)
        except Cancelled:
            status, reason = Status.CANCELLED, "the run was cancelled"
        except BaseException as caught:  # noqa: BLE001  # one server's fault must not end the run
            status, error = _status(caught), caught
        finally:
            for told in session.newcomers():
                ctx.note(told)
            self.fingerprints[entry.name] = ctx.fingerprints
            if not self.job.options.keep_connected:
                with suppress(OSError):
                    session.close()
        if error is not None and isinstance(error, LinkLostError) and not error.server:
            error.server = entry.name
        return Outcome(
            server=entry.name,
            status=status,
            changes=tuple(ctx.changes),
            notes=tuple(ctx.notes),
            value=value,
            error=error,
            reason=reason,
            rollback=ctx.rollback,
            seconds=time.monotonic() - began,
            cost=Cost(
                connections=session.costs.connections,
                execs=session.costs.execs,
                channels=session.costs.channels,
                uploaded=session.costs.uploaded,
                attempts=session.attempts,
            ),
        )

    def _done(self, name: str, answer: Answer) -> bool:
        outcome = replace(self._outcome(name, answer=answer), masker=self._scope.masker)
        self._outcomes[name] = outcome
        data = outcome.to_dict()
        del data["server"]
        self._scope.tell(Kind.SERVER_FINISHED, server=name, step=self._step, **data)
        self._stream(outcome)
        return outcome.status.good

    def _outcome(self, name: str, *, answer: Answer) -> Outcome:
        if isinstance(answer, NotRun):
            return Outcome(server=name, status=Status.NOT_RUN, reason=answer.reason)
        if isinstance(answer, Abandoned):
            status = Status.CANCELLED if answer.cancelled else Status.TIMED_OUT
            doubt = "in doubt: it was still busy; what it applied unconfirmed undoes itself"
            error = None if answer.cancelled else DeadlineError(seconds=self.job.options.deadline)
            return Outcome(
                server=name, status=status, reason=doubt, error=error, seconds=answer.seconds
            )
        if isinstance(answer, Skip):
            return Outcome(server=name, status=Status.SKIPPED, reason=str(answer))
        if isinstance(answer, BaseException):
            status = Status.CANCELLED if isinstance(answer, Cancelled) else _status(answer)
            return Outcome(server=name, status=status, error=answer)
        if isinstance(answer[0].result, Outcome):
            return answer[0].result
        return _of_nornir(name, answer)


def _status(error: BaseException) -> Status:
    if isinstance(error, ConnectError):
        return Status.UNREACHABLE
    if isinstance(error, (DeadlineError, CommandTimeoutError)):
        return Status.TIMED_OUT
    return Status.FAILED


def _of_nornir(name: str, answer: MultiResult) -> Outcome:
    """Read the result of a task that is Nornir's, subtasks and all."""
    flat = _leaves(answer)
    failed = [result for result in flat if result.failed]
    cause = next((r.exception for r in reversed(failed) if r.exception is not None), None)
    if answer.failed:
        status = _status(cause) if cause is not None else Status.FAILED
    else:
        status = Status.CHANGED if any(result.changed for result in flat) else Status.OK
    reason = "" if cause or not failed else str(failed[-1].result).strip().splitlines()[-1]
    return Outcome(server=name, status=status, value=answer[0].result, error=cause, reason=reason)


def _leaves(results: Sequence[Any]) -> list[Result]:
    found: list[Result] = []
    for result in results:
        found += _leaves(result) if isinstance(result, MultiResult) else [result]
    return found
