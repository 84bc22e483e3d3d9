"""The one way to stop a run: a token that all its parts share."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock


class Cancelled(BaseException):  # like KeyboardInterrupt: not an error of the server
    """Work on this server was given up because its run was cancelled."""


class Cancel:
    """Set once, by anyone; wakes whoever waits."""

    def __init__(self) -> None:
        self._event = Event()
        self._lock = Lock()
        self._hooks: dict[object, Callable[[], None]] = {}

    def set(self) -> None:
        """Cancel, and wake all who asked to be woken."""
        with self._lock:
            self._event.set()
            hooks = list(self._hooks.values())
        for hook in hooks:
            hook()

    @property
    def is_set(self) -> bool:
        """Whether the run was cancelled."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise Cancelled if the run was cancelled."""
        if self._event.is_set():
            raise Cancelled

    def wait(self, seconds: float) -> None:
        """Sleep so long, or raise Cancelled as soon as the run is cancelled."""
        if self._event.wait(seconds):
            raise Cancelled

    def on_cancel(self, hook: Callable[[], None]) -> Callable[[], None]:
        """Call this when the run is cancelled; returns what takes the wish back."""
        key = object()
        with self._lock:
            self._hooks[key] = hook
            late = self._event.is_set()
        if late:
            hook()

        def unhook() -> None:
            with self._lock:
                self._hooks.pop(key, None)

        return unhook
