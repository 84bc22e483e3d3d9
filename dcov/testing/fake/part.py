"""A part of a fake server: what it tells, and what is done to it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Protocol

from dcov.ssh.command import Finished

DONE = Finished(command="", exit_code=0)
NOT_FOUND = Finished(command="", exit_code=1)


class Part(Protocol):
    """What plays some of the questions and steps, over collections that it shares with others."""

    @property
    def state(self) -> tuple[Any, ...]:
        """The collections that make up its state."""
        ...

    def tell(self, words: tuple[str, ...]) -> Finished | None:
        """Answer a question; None for one that is not played here."""
        ...

    def do(self, words: tuple[str, ...]) -> Finished | None:
        """Do one step; None for one that is not played here."""
        ...


class Kept:
    """The state of parts as it once was."""

    def __init__(self, *parts: Part) -> None:
        self._parts = parts
        self._was = deepcopy([part.state for part in parts])

    def put_back(self) -> None:
        """Have it again, in the same collections: a test may hold them."""
        for part, was in zip(self._parts, self._was, strict=True):
            for now, before in zip(part.state, was, strict=True):
                now.clear()
                now.update(before)


def said(text: str, *, end: str = "\n") -> Finished:
    """Return how a command ends that prints this."""
    return Finished(command="", exit_code=0, stdout=text + end)
