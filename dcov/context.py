"""What a task sees of the server that it runs on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

from dcov.cancel import Cancel
from dcov.change import Action, Change
from dcov.config.source import decoded
from dcov.converge.calls import ApiResource, Calls
from dcov.converge.resource import Resource
from dcov.converge.transaction import Converger, Frame, IsDead, never_dead
from dcov.errors import (
    CommandFailedError,
    DcovError,
    DeadlineError,
    NotReadOnlyError,
    StalePlanError,
    VerifyError,
)
from dcov.events import Event, Kind, Listener
from dcov.facts import Facts, facts_script, read_facts
from dcov.inventory.entry import Entry, Login, Role
from dcov.inventory.site import Site
from dcov.secret import Masker, Secret
from dcov.ssh.command import Argv, Finished, Shell, Sink
from dcov.ssh.exchange import Tie
from dcov.ssh.readonly import ReadOnly
from dcov.ssh.session import Session, WiredSession, digest
from dcov.ssh.tcp import SocketLike

if TYPE_CHECKING:
    from dcov.runnable import Task

POLL = 0.5  # seconds between two looks of `verify`
LOOKS = 6  # looks between two diagnoses: a unit that died is not waited for to the end
WORTH_UNDOING = 5.0  # seconds that must be left of a deadline for an apply to begin


class Skip(Exception):  # noqa: N818  # not an error: the task does not apply here
    """The task does not apply to this server."""


def _done(change: Change) -> Change:
    """Return an applied change: what was unknown before has been done."""
    known = change.action is not Action.UNKNOWN
    return change if known else replace(change, action=Action.UPDATE, reason="")


class Check(Protocol):
    """Whether what was installed does what it should."""

    @property
    def name(self) -> str:
        """What is checked, as people say it."""
        ...

    def look(self, ctx: Context) -> str:
        """Return nothing when all is well, or what is wrong."""
        ...

    def diagnose(self, ctx: Context, *, seen: str) -> DcovError | None:
        """Name the cause when looks keep failing; None where there is still hope, or no more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparing:
    """What a task's `prepare` sees: the declared fleet, and which servers were chosen.

    `hide` masks secrets that it has made from then on, as the declared ones are.
    """

    fleet: Site
    servers: tuple[Entry, ...]
    planning: bool
    note: Callable[[str], None]
    hide: Callable[[Iterable[Secret]], None]


class PrepareTask(Protocol):
    """How a run prepares a task: once, whoever asks first."""

    def __call__(self, task: Task[..., Any], params: Mapping[str, Any], /) -> Any: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What the servers of one run share."""

    run: str
    holder: str
    fleet: Site
    cancel: Cancel
    masker: Masker
    emit: Listener
    prepare: PrepareTask
    step: str = ""
    planning: bool = False
    is_dead: IsDead = never_dead
    replacements: Mapping[str, Task[..., Any]] = field(default_factory=dict)
    expected: Mapping[str, tuple[str, ...]] | None = None  # fingerprints of an approved plan


class Context:
    """One server, as a task sees it."""

    def __init__(self, work: Work, *, entry: Entry, session: WiredSession, deadline: float) -> None:
        self._work = work
        self._wire = session
        reading = ReadOnly(session, masker=work.masker) if work.planning else None
        self._session: Session = reading or session
        self._seconds = deadline
        self._until = time.monotonic() + deadline
        self._facts: Facts | None = None
        self._frames: list[tuple[Task[..., Any], Mapping[str, Any]]] = []
        self._frame = Frame()
        self._calls = Calls()
        self._converger = Converger(
            self._session,
            key=f"{entry.name} {work.step}",
            run=work.run,
            holder=work.holder,
            masker=work.masker,
            cancel=work.cancel,
            is_dead=work.is_dead,
        )
        self._fingerprints: list[str] = []
        self._applied = False
        self.server = entry
        self.changes: list[Change] = []
        self.rollback = ""

    @classmethod
    def of_nornir(cls, task: Any) -> Context:
        """Return the context for the host of a Nornir task: its `dcov-ssh` connection has it."""
        host = task.host
        if "dcov-ssh" not in host.connections:
            host.open_connection(
                "dcov-ssh",
                configuration=task.nornir.config,
                extras={"inventory": task.nornir.inventory, "name": host.name},
            )
        context: Context = host.connections["dcov-ssh"].connection(planning=task.is_dry_run())
        return context

    @property
    def name(self) -> str:
        """The server's name."""
        return self.server.name

    @property
    def fleet(self) -> Site:
        """The declared servers and settings; it cannot run anything."""
        return self._work.fleet

    @property
    def login(self) -> Login:
        """How the server is logged in to, ~/.ssh/config included."""
        return self._wire.login

    @property
    def planning(self) -> bool:
        """Whether this is a plan, in which nothing may change."""
        return self._work.planning

    @property
    def facts(self) -> Facts:
        """What the server is; asked once."""
        if self._facts is None:
            master = self.server.role is Role.MASTER
            finished = self._session.run(
                facts_script(master=master),
                within=self._left(30),
                reads=True,
                as_root=master,  # only root may ask the engine
                shown="facts",
            )
            self._facts = read_facts(finished.stdout)
        return self._facts

    @property
    def prepared(self) -> Any:
        """What the running task's `prepare` returned."""
        task, params = self._frames[-1]
        return self._work.prepare(task, params)

    @property
    def notes(self) -> list[str]:
        """What is worth telling besides the changes."""
        return self._converger.notes

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """The probed state of each group so far: what a plan remembers."""
        return tuple(self._fingerprints)

    def ensure(self, *resources: Resource) -> tuple[Change, ...]:
        """Converge these together: one exec to ask, and one to apply where anything differs.

        All of it happens, or nothing. What was applied is confirmed when the task returns and
        taken back when it raises. In a plan nothing is applied. Returns all changes.
        """
        answers = self._converger.probe(resources)
        if not self.planning and self._converger.clear(answers):
            answers = self._converger.probe(resources)
        self._compare_with_plan(answers.fingerprint, count=len(resources))
        if answers.needed and not self.planning:
            if self._left(WORTH_UNDOING) < WORTH_UNDOING:
                raise DeadlineError(seconds=self._seconds)
            self._work.cancel.check()
            self._applied = True
            self._converger.apply(answers, frame=self._frame, limit=self._left(3600))
        return self._tell(answers.changes)

    def ensure_api(self, *resources: ApiResource) -> tuple[Change, ...]:
        """Converge what is reached by an API, one call after the other.

        What was changed is put back in reverse when the task raises. Nothing puts it back where
        dcov itself is killed; another run converges. In a plan nothing is changed.
        """
        changes = tuple(resource.plan() for resource in resources)
        self._compare_with_plan(digest(repr(changes).encode()), count=len(resources))
        if not self.planning:
            for resource, change in zip(resources, changes, strict=True):
                if change.needed:
                    self._left(WORTH_UNDOING)
                    self._work.cancel.check()
                    self._applied = True
                    self._calls.apply(resource)
        return self._tell(changes)

    def differs(self, *resources: Resource) -> tuple[Change, ...]:
        """Return what still differs from the wanted state; asks, and changes nothing."""
        if not resources:
            return ()
        return tuple(item.change for item in self._converger.probe(resources).needed)

    def run(
        self,
        command: Argv | Shell,
        *,
        reads: bool = False,
        within: float = 60.0,
        as_root: bool = True,
        check: bool = True,
        tie: Tie | None = None,
        sink: Sink | None = None,
        shown: str = "",
    ) -> Finished:
        """Run a command; a mutation unless `reads`, so a plan ends there as incomplete.

        `shown` is its name in reports, for a script whose beginning says little. Raises
        CommandFailedError for another exit code than 0, unless `check` is off.
        """
        finished = self._session.run(
            command,
            within=self._left(within),
            reads=reads,
            as_root=as_root,
            tie=tie,
            sink=sink,
            shown=shown,
        )
        if check and not finished.ok:
            raise CommandFailedError(
                command=finished.command,
                exit_code=finished.exit_code,
                tail=finished.tail,
                stdout=finished.stdout,
                stderr=finished.stderr,
            )
        return finished

    def read(self, path: str | PurePosixPath, *, within: float = 30.0) -> str:
        """Return the text of a file, however long.

        Raises CommandFailedError where it is absent, and ConfigError where it is not UTF-8.
        """
        data: list[bytes] = []
        self.run(("cat", "--", str(path)), reads=True, within=within, sink=data.append)
        return decoded(b"".join(data), file=Path(path))

    def open_port(self, port: int, *, host: str = "127.0.0.1", within: float = 5.0) -> SocketLike:
        """Connect to a port as the server sees it; raises OSError where nothing answers."""
        return self._session.open_port(port, host=host, within=self._left(within))

    def try_key(self, key_path: Path) -> None:
        """Log in once more, with this private key and nothing else, and hang up.

        Raises AuthRefusedError where the server does not take it. Nothing where it is this machine.
        """
        self._wire.try_key(key_path)

    def skip(self, reason: str) -> None:
        """End this server's run as skipped."""
        raise Skip(reason)

    def note(self, text: str) -> None:
        """Tell the operator something about this server, in the report and the events."""
        self.notes.append(self._work.masker.text(text))
        self._emit(Kind.NOTE, text=self.notes[-1])

    def verify(self, check: Check, *, within: float = 30.0) -> None:
        """Look until the check is content; a plan does not look.

        Raises VerifyError, or what the check diagnoses; what the task applied is then undone.
        """
        if self.planning:
            return
        began = time.monotonic()
        patience = self._left(within)
        looks = 0
        while seen := check.look(self):
            looks += 1
            waited = time.monotonic() - began
            late = waited >= patience
            if late or looks % LOOKS == 0:
                diagnosis = check.diagnose(self, seen=seen)
                if diagnosis is not None:
                    raise diagnosis
            if late:
                detail = self._work.masker.text(seen)
                raise VerifyError(what=check.name, seconds=round(waited, 1), detail=detail)
            self._work.cancel.wait(POLL)

    def call(self, task: Task[..., Any], params: Mapping[str, Any]) -> Any:
        """Run another task here: what it applies is confirmed when it returns.

        Where a task replaces it that one runs, which may call it in turn.
        """
        chosen = self._work.replacements.get(task.name, task)
        if any(running is chosen for running, _ in self._frames):
            chosen = task
        validated = chosen.validated(params)
        outer = self._frame, self._calls
        self._frame, self._calls = Frame(), Calls()
        self._frames.append((chosen, validated))
        try:
            value = chosen.function(self, **validated)
            self._converger.confirm(self._frame)
            self._calls.confirm()
        except BaseException:
            self.rollback = self._take_back() or self.rollback
            raise
        finally:
            self._frames.pop()
            self._frame, self._calls = outer
        return value

    def finish(self, task: Task[..., Any], params: Mapping[str, Any]) -> Any:
        """Run a task that Nornir called, and turn its end into Nornir's result."""
        from nornir.core.task import Result

        try:
            value = self.call(task, params)
        except Skip as skipped:
            value = f"skipped: {skipped}"
        except NotReadOnlyError as error:
            value = error.why
        needed = [change for change in self.changes if change.needed]
        diff = "\n".join(line for change in needed for line in change.diff)
        return Result(host=None, result=value, changed=bool(needed), diff=diff)

    def _take_back(self) -> str:
        called = self._calls.take_back()
        applied = self._converger.take_back(self._frame)
        # The worse of the two is what the operator must know.
        return max(called, applied, key=lambda said: (said not in ("", "complete"), said))

    def _tell(self, changes: tuple[Change, ...]) -> tuple[Change, ...]:
        changes = changes if self.planning else tuple(map(_done, changes))
        self.changes += changes
        for change in changes:
            if change.needed:
                self._emit(
                    Kind.CHANGED,
                    resource=change.resource,
                    action=change.action.value,
                    diff=list(change.diff),
                )
        return changes

    def _compare_with_plan(self, fingerprint: str, *, count: int) -> None:
        position = len(self._fingerprints)
        self._fingerprints.append(fingerprint)
        expected = (self._work.expected or {}).get(self.name)
        # After the first apply the rest differs because of us; the apply script still checks.
        if expected is None or self._applied:
            return
        if position >= len(expected) or expected[position] != fingerprint:
            raise StalePlanError(resource=f"group of {count} resources")

    def _left(self, within: float) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise DeadlineError(seconds=self._seconds)
        return min(within, left)

    def _emit(self, kind: Kind, **data: Any) -> None:
        work = self._work
        work.emit(Event(kind=kind, run=work.run, step=work.step, server=self.name, data=data))
