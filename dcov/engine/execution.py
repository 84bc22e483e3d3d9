"""One run: a task over the servers of a site, from the first connection to the report."""

from __future__ import annotations

import getpass
import json
import logging
import secrets
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from nornir.core import Nornir
from nornir.core.inventory import Host
from nornir.core.processor import Processors
from nornir.core.state import GlobalState
from nornir.core.task import MultiResult, Result
from nornir.core.task import Task as NornirTask

from dcov.cancel import Cancel, Cancelled
from dcov.context import Context, Preparing, Skip, Work
from dcov.engine.options import Options
from dcov.engine.processors import guarded
from dcov.engine.record import Record, is_dead
from dcov.engine.runner import Abandoned, Answer, NotRun, Runner
from dcov.errors import (
    CommandTimeoutError,
    ConnectError,
    DeadlineError,
    LinkLostError,
    NotReadOnlyError,
)
from dcov.events import Event, Kind, Listener
from dcov.inventory.as_hosts import to_nornir
from dcov.inventory.entry import Entry
from dcov.inventory.site import Site
from dcov.report import Cost, Outcome, Report, Status
from dcov.runnable import Task
from dcov.secret import Masker
from dcov.ssh.known_hosts import KnownHosts
from dcov.ssh.link import Trust
from dcov.ssh.links import Links
from dcov.ssh.session import LocalSession, SshSession
from dcov.ssh.ssh_config import SshConfig

logger = logging.getLogger("dcov")

NornirFunction = Callable[..., Any]


def new_run_id() -> str:
    """Return an id that sorts by time, to the millisecond, and has no dot in it."""
    now = datetime.now(tz=UTC)
    return f"{now:%Y%m%d-%H%M%S}-{now.microsecond // 1000:03}-{secrets.token_hex(3)}"


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
        if isinstance(self.task, Task):
            return self.task.name
        return getattr(self.task, "__name__", "task")


class Execution:
    """Runs a job. `stream` hears of each outcome as it comes."""

    def __init__(self, job: Job, *, stream: Callable[[Outcome], None]) -> None:
        self.id = new_run_id()
        self.job = job
        self.cancel = Cancel()
        self._stream = stream
        self._masker = Masker.of(job.site.secrets)
        self._links = job.links or open_links(job.site, options=job.options, cancel=self.cancel)
        self._record = Record(self.id)
        self._listeners: tuple[Listener, ...] = (self._record.event, *job.options.listeners)
        self._outcomes: dict[str, Outcome] = {}
        self._prepared: dict[str, Any] = {}
        self._prepare_lock = Lock()
        self._runner = Runner(options=job.options, done=self._done, cancel=self.cancel)
        self.fingerprints: dict[str, tuple[str, ...]] = {}
        self._hosts: dict[str, Host] = {}
        since = datetime.now(tz=UTC).strftime("%H:%M:%S UTC")
        self._work = Work(
            run=self.id,
            holder=f"{getpass.getuser()}@{socket.gethostname()} run {self.id} since {since}",
            fleet=job.site,
            cancel=self.cancel,
            masker=self._masker,
            emit=self.emit,
            prepare=self._prepare,
            planning=job.planning,
            is_dead=is_dead,
            replacements=job.replacements,
            expected=job.expected,
        )

    def run(self) -> Report:
        """Run to the end; raises what `prepare` raises, before any server was touched."""
        began = time.monotonic()
        job = self.job
        names = [entry.name for entry in job.servers]
        report = Report(run=self.id, task=job.name, outcomes=(), planned=job.planning)
        self.emit(
            Event(kind=Kind.RUN_STARTED, run=self.id, data={"task": job.name, "servers": names})
        )
        try:
            if isinstance(job.task, Task):
                self._prepare(job.task, job.task.validated(job.params))
            self._run_nornir()
        finally:
            if job.links is None:
                self._links.close_all()
            report = Report(
                run=self.id,
                task=job.name,
                outcomes=tuple(self._outcomes[name] for name in names if name in self._outcomes),
                seconds=time.monotonic() - began,
                planned=job.planning,
                hosts=self._hosts,
            )
            self.emit(Event(kind=Kind.RUN_FINISHED, run=self.id, data={"summary": report.summary}))
            self._record.close(report)
        return report

    def leave(self) -> None:
        """End at once; servers that are busy are named as in doubt."""
        self._runner.leave()

    def emit(self, event: Event) -> None:
        """Tell everybody who listens; one that fails must not fail the run."""
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                logger.exception("a listener of run %s failed", self.id)

    def _run_nornir(self) -> None:
        job = self.job
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
        elif job.planning:
            for name in chosen:
                self._done(name, NotRun("not a dcov task: a plan cannot look into it"))
        else:
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
        self.emit(Event(kind=Kind.SERVER_STARTED, run=self.id, server=entry.name))
        session = self._session(entry)
        ctx = Context(self._work, entry=entry, session=session, deadline=self.job.options.deadline)
        value: Any = None
        error: BaseException | None = None
        reason = ""
        try:
            value = ctx.call(task, self.job.params)
            status = Status.CHANGED if any(c.needed for c in ctx.changes) else Status.OK
        except Skip as skipped:
            status, reason = Status.SKIPPED, str(skipped)
        except NotReadOnlyError as refused:
            status, reason = Status.FAILED, f"incomplete after {refused.command}"
            error = refused
        except Cancelled:
            status, reason = Status.CANCELLED, "the run was cancelled"
        except BaseException as caught:  # noqa: BLE001  # one server's fault must not end the run
            status, error = _status(caught), caught
        finally:
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

    def _session(self, entry: Entry) -> SshSession | LocalSession:
        if entry.login.local:
            return LocalSession(entry, masker=self._masker, cancel=self.cancel)
        return SshSession(entry, links=self._links, masker=self._masker, cancel=self.cancel)

    def _prepare(self, task: Task[..., Any], params: Mapping[str, Any]) -> Any:
        key = f"{task.name} {json.dumps(dict(params), sort_keys=True, default=repr)}"
        with self._prepare_lock:
            if key not in self._prepared:
                preparing = Preparing(
                    fleet=self.job.site,
                    servers=self.job.servers,
                    planning=self.job.planning,
                    note=lambda text: self.emit(
                        Event(kind=Kind.NOTE, run=self.id, data={"text": self._masker.text(text)})
                    ),
                )
                self._prepared[key] = task.prepared(preparing, params)
            return self._prepared[key]

    def _done(self, name: str, answer: Answer) -> bool:
        outcome = replace(self._outcome(name, answer=answer), masker=self._masker)
        self._outcomes[name] = outcome
        data = outcome.to_dict()
        del data["server"]
        self.emit(Event(kind=Kind.SERVER_FINISHED, run=self.id, server=name, data=data))
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
        if isinstance(answer, BaseException):
            status = Status.CANCELLED if isinstance(answer, Cancelled) else _status(answer)
            return Outcome(server=name, status=status, error=answer)
        if isinstance(answer[0].result, Outcome):
            return answer[0].result
        return _of_nornir(name, answer)


def open_links(site: Site, *, options: Options, cancel: Cancel) -> Links:
    """Read the host keys and ~/.ssh/config once, and be ready to connect."""
    trust = Trust(
        known=KnownHosts.load(site.known_hosts),
        newcomers=site.known_hosts if options.accept_new else None,
    )
    ssh_config = SshConfig.load(Path.home() / ".ssh" / "config")
    return Links(site, trust=trust, patience=options.patience, cancel=cancel, ssh_config=ssh_config)


def open_session(entry: Entry, *, site: Site, options: Options) -> SshSession | LocalSession:
    """Return a session outside any run: for clients of what runs on the master."""
    cancel, masker = Cancel(), Masker.of(site.secrets)
    if entry.login.local:
        return LocalSession(entry, masker=masker, cancel=cancel)
    links = open_links(site, options=options, cancel=cancel)
    return SshSession(entry, links=links, masker=masker, cancel=cancel)


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
