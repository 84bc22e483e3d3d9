"""What people see while a run is under way: on stderr, so that stdout stays data."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Lock
from types import FrameType
from typing import Any, Protocol

import typer

from dcov.events import Event, Kind, Listener
from dcov.printable import printable
from dcov.report import Status

NAMED = 3  # busy servers that the live line names


@contextmanager
def following(events: Path | None) -> Iterator[tuple[Listener, ...]]:
    """Give the listeners of a run: what shows its progress, and what writes its events down."""
    with ExitStack() as stack:
        view: View = Live(stack) if sys.stderr.isatty() else Lines()
        listeners: list[Listener] = [_Guarded(view)]
        if events is not None:
            file = stack.enter_context(events.open("a", encoding="utf-8", buffering=1))
            listeners.append(_Guarded(lambda event: file.write(event.to_json() + "\n")))
        stack.enter_context(_interruptible(view))
        yield tuple(listeners)


class View(Protocol):
    """Shows events, and says a line in between; `busy` are the servers that are at work."""

    busy: Busy

    def __call__(self, event: Event, /) -> object: ...
    def say(self, line: str) -> None: ...


class Busy:
    """The servers at work, as text: the first few by name."""

    def __init__(self) -> None:
        self._names: dict[str, None] = {}

    def __call__(self, event: Event) -> None:
        """Hear of one that begins or ends."""
        if event.kind is Kind.SERVER_STARTED:
            self._names[event.server] = None
        elif event.kind is Kind.SERVER_FINISHED:
            self._names.pop(event.server, None)

    def __str__(self) -> str:
        names = list(self._names)
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        return ", ".join(names[:NAMED]) + more


class Lines:
    """One line for each server as it finishes."""

    def __init__(self) -> None:
        self.busy = Busy()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        self.busy(event)
        data = event.data
        match event.kind:
            case Kind.RUN_STARTED:
                self.say(f"run {event.run}: {data['task']} on {_servers(len(data['servers']))}")
            case Kind.STEP_STARTED:
                self.say(f"{event.step} on {_servers(len(data['servers']))}")
            case Kind.NOTE:
                self.say(f"{event.server}: {data['text']}" if event.server else data["text"])
            case Kind.SERVER_FINISHED:
                self.say(_finished(event))

    def say(self, line: str) -> None:
        """Print a line."""
        sys.stderr.write(printable(line) + "\n")
        sys.stderr.flush()


class Live:
    """A bar, which servers are busy, and a line for each that did not come out well."""

    def __init__(self, stack: ExitStack) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeElapsedColumn as Elapsed

        bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            Elapsed(),
            TextColumn("{task.fields[busy]}", markup=False, style="dim"),
            console=Console(stderr=True, highlight=False),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._bar = stack.enter_context(bar)
        self._shown: Any = None
        self.busy = Busy()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        self.busy(event)
        data = event.data
        match event.kind:
            case Kind.RUN_STARTED:
                total = len(data["servers"])
                self._shown = self._bar.add_task(data["task"], total=total, busy="")
            case Kind.STEP_STARTED:
                total = len(data["servers"])
                self._bar.reset(self._shown, total=total, description=event.step, busy="")
            case Kind.NOTE:
                self.say(f"{event.server}: {data['text']}" if event.server else data["text"])
            case Kind.SERVER_STARTED:
                self._bar.update(self._shown, busy=str(self.busy))
            case Kind.SERVER_FINISHED:
                self._bar.update(self._shown, advance=1, busy=str(self.busy))
                if not Status(data["status"]).good:
                    self.say(_finished(event))

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self._bar.console.print(printable(line), markup=False)


class _Guarded:
    """Lets one event through at a time; a closed terminal or a full disk must not end a run."""

    def __init__(self, listener: Any) -> None:
        self._listener = listener
        self._lock = Lock()

    def __call__(self, event: Event) -> None:
        with self._lock, suppress(OSError, ValueError):
            self._listener(event)


@contextmanager
def _interruptible(view: View) -> Iterator[None]:
    """Say what Ctrl-C does when it comes, and take SIGTERM for one."""
    from dcov.engine.options import GRACE  # whoever presses Tab waits for no engine

    def interrupt(number: int, frame: FrameType | None) -> None:
        with suppress(OSError, ValueError):
            view.say("interrupted: no new work is begun")
            if busy := str(view.busy):
                view.say(
                    f"{busy}: at most {GRACE:.0f} s to a safe end; a second Ctrl-C leaves them"
                )
        signal.default_int_handler(number, frame)

    before = {
        number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _finished(event: Event) -> str:
    data = event.data
    code = f" {data['code']}" if data["code"] else ""
    return f"{event.server}: {data['status']}{code} ({data['seconds']:.1f} s)"


def _servers(number: int) -> str:
    return "1 server" if number == 1 else f"{number} servers"


def say(line: str) -> None:
    """Tell people something that is no data."""
    typer.echo(printable(line), err=True)
