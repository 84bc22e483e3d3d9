"""Changing one server: stage, apply, and then keep or take back."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from io import BytesIO

from dcov.cancel import Cancel, Cancelled
from dcov.converge.group import Answers, Planned, Transaction, probe_script, read_answers
from dcov.converge.resource import Content, Resource
from dcov.errors import (
    ApplyError,
    ConnectError,
    ConnectTimeoutError,
    ContentRefusedError,
    ConvergeError,
    DcovError,
    DiskFullError,
    ExpiredError,
    LinkLostError,
    LockedError,
    RefusedError,
    StalePlanError,
)
from dcov.secret import Masker
from dcov.ssh.command import Finished, Shell
from dcov.ssh.session import Session, digest

PROBE_SECONDS = 60.0
END_SECONDS = 60.0
SWEEP_SECONDS = 300.0  # a dead run's apply may still have to end, and packages be purged
RECONNECT_SECONDS = 60.0  # for which a server that was reached before is tried again
BUSY, STALE = 75, 76  # exit codes of converge.sh
NO_SPACE = "no space left on device"  # in whoever's words: the engine's, a checker's


IsDead = Callable[[str], bool]  # whether this run was ours and is over


def never_dead(run: str) -> bool:
    """Know of no run that is over."""
    del run
    return False


@dataclass(slots=True)
class Frame:
    """What one task has applied on a server and not confirmed yet."""

    keys: list[str] = field(default_factory=list)
    rollback: str = ""


class Converger:
    """Asks, applies, confirms and takes back on one server."""

    def __init__(
        self,
        session: Session,
        *,
        key: str,
        run: str,
        holder: str,
        masker: Masker,
        cancel: Cancel,
        is_dead: IsDead = never_dead,
    ) -> None:
        self._session = session
        self._run = run
        self._holder = holder
        self._masker = masker
        self._cancel = cancel
        self._is_dead = is_dead
        self._count = 0
        # Servers may be one machine under several names (a loopback fleet, a wrong NAT), and the
        # steps of a workflow are one run: each has a key of its own.
        self._tag = digest(key.encode())[:8]
        self.notes: list[str] = []

    def probe(self, resources: Sequence[Resource]) -> Answers:
        """Ask for all resources in one exec."""
        mark = secrets.token_hex(8)
        output: list[bytes] = []
        finished = self._session.run(
            probe_script(resources, mark=mark),
            within=PROBE_SECONDS,
            reads=True,
            sink=output.append,
            shown=f"probe of {len(resources)} resources",
        )
        try:
            return read_answers(
                b"".join(output), resources=resources, mark=mark, masker=self._masker
            )
        except ValueError as error:
            raise ConvergeError from ValueError(f"{error}: {finished.tail}")

    def clear(self, answers: Answers) -> bool:
        """Take back what dead runs left; raise LockedError for a live one of somebody else.

        Returns whether anything was taken back, so that the caller must probe again.
        """
        dead: list[str] = []
        for pending in answers.pending:
            if pending.run == self._run:
                continue
            if self._is_dead(pending.run) or pending.state == "orphaned":
                dead.append(pending.key)
            elif pending.state == "waiting":
                raise LockedError(holder=pending.holder)
        if dead:
            self._end("sweep", dead, within=SWEEP_SECONDS)
            self.notes.append(f"took back what {len(dead)} unfinished runs had left")
        return bool(dead)

    def apply(self, answers: Answers, *, frame: Frame, limit: float) -> None:
        """Do all that is needed as one transaction, which undoes itself after `limit` s.

        Raises the ConvergeError that names the resource; then everything is as it was, and
        the frame's `rollback` says so.
        """
        self._count += 1
        key = f"{self._run}.{self._tag}.{self._count}"
        planned = [Planned.of(item) for item in answers.needed]
        frame.keys.append(key)
        staged = self._stage(planned, key=key, within=limit)
        transaction = self._transaction(key, limit=limit)
        script = transaction.apply_script(answers, planned=planned, staged=staged)
        finished = self._persist(script, shown="apply", within=limit)
        self._read(finished, frame=frame, key=key, planned=planned)

    def confirm(self, frame: Frame) -> None:
        """Keep what the frame's task applied."""
        if frame.keys:
            said = self._end("commit", frame.keys, within=END_SECONDS)
            frame.keys.clear()
            if "undone" in said:
                raise ExpiredError(rollback=self._verdict(said))

    def take_back(self, frame: Frame) -> str:
        """Undo what the frame's task applied, newest first, and say how that went."""
        if not frame.keys:
            return frame.rollback
        keys = list(reversed(frame.keys))
        frame.keys.clear()
        try:
            said = self._end("take_back", keys, within=END_SECONDS)
        except Cancelled:  # the link broke as well, and nobody logs in again
            why = "the run was cancelled"
        except (ConnectError, DcovError) as error:
            why = error.why
        else:
            return self._verdict(said)
        return f"pending: the server undoes it by itself at its deadline ({why})"

    def _verdict(self, said: str) -> str:
        incomplete = [line for line in said.splitlines() if " undone incomplete" in line]
        if incomplete:
            return "incomplete: " + incomplete[0].partition("undone incomplete ")[2]
        return "complete" if "undone complete" in said else "pending"

    def _transaction(self, key: str, *, limit: float) -> Transaction:
        return Transaction(key=key, holder=self._holder, mark=secrets.token_hex(8), limit=limit)

    def _stage(self, planned: list[Planned], *, key: str, within: float) -> dict[Content, str]:
        staged: dict[Content, str] = {}
        for plan in planned:
            for content in plan.uploads():
                staged[content] = self._upload(content, key=key, within=within)
        return staged

    def _upload(self, content: Content, *, key: str, within: float) -> str:
        if content.source is not None:
            with content.source.open("rb") as file:
                sha256 = content.sha256
                done = self._session.upload(
                    file, to=content.to, run=key, sha256=sha256, within=within
                )
                return done.path
        assert content.text is not None
        data = content.text.encode()
        return self._session.upload(
            BytesIO(data), to=content.to, run=key, sha256=digest(data), within=within
        ).path

    def _persist(self, script: Shell, *, shown: str, within: float) -> Finished:
        """Run a script that may be sent twice: after a cut link, again on a new one."""
        began = time.monotonic()
        try:
            return self._session.run(script, within=within, shown=shown)
        except LinkLostError as error:
            lost = error
        self.notes.append(f"the link broke during {shown}; asked again on a new one")
        give_up = time.monotonic() + RECONNECT_SECONDS
        while True:
            self._session.drop()
            rest = max(within - (time.monotonic() - began), 5.0)
            try:
                return self._session.run(script, within=rest, shown=shown)
            except (LinkLostError, ConnectTimeoutError, RefusedError):
                if time.monotonic() >= give_up:
                    raise lost from None
            self._cancel.wait(1)

    def _end(self, verb: str, keys: Sequence[str], *, within: float) -> str:
        transaction = self._transaction(keys[0], limit=within)
        script = transaction.end_script(verb, *keys)
        finished = self._persist(script, shown=verb.replace("_", " "), within=within)
        if finished.exit_code == BUSY:
            raise LockedError(holder=_after(finished.stdout, "locked") or "another run")
        if f"{transaction.mark} end" not in finished.stdout:
            raise ApplyError(
                resource="transaction", step=verb, exit_code=finished.exit_code, tail=finished.tail
            )
        return finished.stdout

    def _read(
        self, finished: Finished, *, frame: Frame, key: str, planned: Iterable[Planned]
    ) -> None:
        said = finished.stdout
        if finished.exit_code in (BUSY, STALE):
            self._forget_staged(frame, key=key)
            if finished.exit_code == BUSY:
                raise LockedError(holder=_after(said, "locked") or "another run")
            raise StalePlanError(resource=_after(said, "stale"))
        if " applied\n" in said:
            return
        frame.keys.remove(key)
        frame.rollback = self._verdict(said)
        raise self._failure(finished, planned=planned)

    def _forget_staged(self, frame: Frame, *, key: str) -> None:
        frame.keys.remove(key)
        self._end("forget_staged", [key], within=END_SECONDS)

    def _failure(self, finished: Finished, *, planned: Iterable[Planned]) -> ConvergeError:
        said = finished.stdout
        failed = _after(said, "failed")
        resource, _, rest = failed.partition(" ")
        code, _, step = rest.partition(" ")
        tail = " | ".join(
            line.partition(" tail ")[2] for line in said.splitlines() if " tail " in line
        )
        # converge.sh knows no secrets, and cuts both to a length.
        tail = self._masker.edges(self._masker.text(tail))
        step = self._masker.edges(self._masker.text(step.strip()))
        path = resource.partition(":")[2]
        full = any(line.endswith(" full") for line in said.splitlines())
        if full or NO_SPACE in tail.lower():
            return DiskFullError(path=path if path.startswith("/") else resource, detail=tail)
        if step.startswith("refuse_unless "):
            checker = step.removeprefix("refuse_unless ")
            return ContentRefusedError(path=path, checker=checker, tail=tail)
        if not failed:
            return ApplyError(
                resource="transaction",
                step="begin",
                exit_code=finished.exit_code,
                tail=finished.tail,
            )
        for item in planned:
            if item.probed.change.resource == resource and (named := item.diagnose(tail)):
                return named
        return ApplyError(resource=resource, step=step, exit_code=int(code), tail=tail)


def _after(said: str, word: str) -> str:
    """Return the rest of the first line that says this word after its mark."""
    for line in said.splitlines():
        _, _, rest = line.partition(" ")
        if rest.startswith(f"{word} "):
            return rest.removeprefix(f"{word} ")
    return ""
