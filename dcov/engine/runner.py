"""dcov's runner for Nornir: bounded, streaming, with deadlines, and it always ends."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Event, Thread

from nornir.core.inventory import Host
from nornir.core.task import AggregatedResult, MultiResult, Result
from nornir.core.task import Task as NornirTask

from dcov.cancel import Cancel
from dcov.engine.options import GRACE, Options, batches, count

OVERTIME = 5.0  # seconds beyond its deadline before a server is abandoned


@dataclass(frozen=True, slots=True)
class NotRun:
    """Stands for the result of a server whose turn never came."""

    reason: str


@dataclass(frozen=True, slots=True)
class Abandoned:
    """Stands for the result of a server that was still busy when the run gave it up."""

    seconds: float
    cancelled: bool


Answer = MultiResult | BaseException | NotRun | Abandoned
Done = Callable[[str, Answer], bool]


class Runner:
    """Runs a Nornir task on many hosts at once.

    `done` hears of each host as it finishes, exactly once, and says whether it went well. A
    host that outstays its deadline is abandoned to its thread, and another thread takes over.
    """

    def __init__(
        self,
        *,
        options: Options | None = None,
        done: Done | None = None,
        cancel: Cancel | None = None,
    ) -> None:
        self._options = options or Options()
        self._done = done or (lambda _name, _answer: True)
        self._cancel = cancel or Cancel()
        self._leave = Event()

    def leave(self) -> None:
        """Wait no longer for anything: name what is still busy, and end."""
        self._leave.set()
        self._cancel.set()

    def run(self, task: NornirTask, hosts: Iterable[Host]) -> AggregatedResult:
        """Do as Nornir's runners do; every host is in the result."""
        by_name = {host.name: host for host in hosts}
        crew = _Crew(task, size=min(self._options.workers, max(len(by_name), 1)))
        answers: dict[str, Answer] = {}
        failures = 0
        allowed = self._allowed(len(by_name))
        try:
            for number, part in enumerate(batches(list(by_name), options=self._options)):
                canary = number == 0 and self._options.canary > 0
                if stop := self._why_stop(failures, allowed=allowed):
                    self._skip(part, answers=answers, reason=stop)
                    continue
                bad = self._batch([by_name[name] for name in part], crew=crew, answers=answers)
                failures += bad
                if canary and bad:
                    allowed = -1
        finally:
            crew.dismiss()
        return self._aggregate(task, by_name=by_name, answers=answers)

    def _allowed(self, servers: int) -> int | None:
        amount = self._options.max_failures
        if amount is None:
            return None
        return count(amount, of=servers, up=False, name="max_failures")

    def _why_stop(self, failures: int, *, allowed: int | None) -> str:
        if self._cancel.is_set:
            return "the run was cancelled"
        if allowed is None or failures <= allowed:
            return ""
        if allowed < 0:
            return "a canary server failed"
        return f"{failures} servers failed, more than the {allowed} allowed"

    def _batch(self, hosts: list[Host], *, crew: _Crew, answers: dict[str, Answer]) -> int:
        waiting = [host.name for host in reversed(hosts)]
        by_name = {host.name: host for host in hosts}
        bad = 0
        given_up_at: float | None = None
        while waiting or crew.busy:
            while waiting and crew.idle and not self._cancel.is_set:
                crew.take(by_name[waiting.pop()])
            if self._cancel.is_set:
                given_up_at = given_up_at or time.monotonic() + GRACE
                self._skip(reversed(waiting), answers=answers, reason="the run was cancelled")
                waiting.clear()
            for name, answer in crew.finished(wait=0.25):
                answers[name] = answer
                bad += not self._done(name, answer)
            for name in self._overdue(crew, given_up_at=given_up_at):
                seconds = crew.abandon(name)
                answer = Abandoned(seconds, cancelled=self._cancel.is_set)
                answers[name] = answer
                bad += not self._done(name, answer)
        return bad

    def _overdue(self, crew: _Crew, *, given_up_at: float | None) -> list[str]:
        now = time.monotonic()
        if self._leave.is_set() or (given_up_at is not None and now > given_up_at):
            return list(crew.busy)
        limit = self._options.deadline + OVERTIME
        return [name for name, since in crew.busy.items() if now - since > limit]

    def _skip(self, names: Iterable[str], *, answers: dict[str, Answer], reason: str) -> None:
        for name in names:
            answers[name] = NotRun(reason)
            self._done(name, answers[name])

    def _aggregate(
        self, task: NornirTask, *, by_name: dict[str, Host], answers: dict[str, Answer]
    ) -> AggregatedResult:
        results = AggregatedResult(task.name)
        for name, host in by_name.items():
            answer = answers.get(name, NotRun("the run ended before its turn"))
            if isinstance(answer, MultiResult):
                results[name] = answer
                continue
            error = answer if isinstance(answer, BaseException) else None
            multi = MultiResult(task.name)
            multi.append(Result(host=host, failed=True, result=str(answer), exception=error))
            results[name] = multi
        return results


class _Crew:
    """Daemon threads that take hosts from a queue; an abandoned one is replaced."""

    def __init__(self, task: NornirTask, *, size: int) -> None:
        self._task = task
        self._size = size
        self._threads = 0
        self._todo: queue.SimpleQueue[Host | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[str, Answer]] = queue.SimpleQueue()
        self._abandoned: set[str] = set()
        self.busy: dict[str, float] = {}

    @property
    def idle(self) -> bool:
        """Whether one more host can be taken at once."""
        return len(self.busy) < self._size

    def take(self, host: Host) -> None:
        """Give a host to a thread."""
        self.busy[host.name] = time.monotonic()
        if self._threads < min(self._size, len(self.busy)):
            self._threads += 1
            Thread(target=self._work, name="dcov-worker", daemon=True).start()
        self._todo.put(host)

    def finished(self, *, wait: float) -> list[tuple[str, Answer]]:
        """Return what has been finished, waiting at most so long for the first."""
        found: list[tuple[str, Answer]] = []
        try:
            found.append(self._answers.get(timeout=wait))
            while True:
                found.append(self._answers.get_nowait())
        except queue.Empty:
            pass
        fresh = [item for item in found if item[0] not in self._abandoned]
        for name, _ in fresh:
            del self.busy[name]
        return fresh

    def abandon(self, name: str) -> float:
        """Wait for this host no longer; returns how long it has taken so far."""
        self._abandoned.add(name)
        self._threads -= 1
        return time.monotonic() - self.busy.pop(name)

    def dismiss(self) -> None:
        """Let the threads end."""
        for _ in range(self._threads):
            self._todo.put(None)

    def _work(self) -> None:
        while (host := self._todo.get()) is not None:
            try:
                answer: Answer = self._task.copy().start(host)
            except BaseException as error:  # noqa: BLE001  # a server must not end its thread
                answer = error
            self._answers.put((host.name, answer))
            if host.name in self._abandoned:
                return  # another thread has taken this one's place
