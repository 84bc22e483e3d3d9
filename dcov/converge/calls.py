"""Changing what is reached by the calls of an API, not by commands on the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from dcov.change import Change
from dcov.errors import DcovError

PutBack = Callable[[], None]


class ApiResource(Protocol):
    """The wanted state of one thing behind an API."""

    @property
    def name(self) -> str:
        """What it is called in plans and reports."""
        ...

    def plan(self) -> Change:
        """Ask, and say what would change; changes nothing."""
        ...

    def keep(self) -> PutBack:
        """Remember what is there now, and return what puts it back.

        It must also do where the call that follows came through by half, or not at all.
        """
        ...

    def apply(self) -> None:
        """Bring it to the wanted state."""
        ...


@dataclass(slots=True)
class Calls:
    """What one task has changed by calls and not confirmed yet."""

    kept: list[tuple[str, PutBack]] = field(default_factory=list)

    def apply(self, resource: ApiResource) -> None:
        """Change it, after a note of how it is taken back."""
        self.kept.append((resource.name, resource.keep()))
        resource.apply()

    def confirm(self) -> None:
        """Keep what was changed."""
        self.kept.clear()

    def take_back(self) -> str:
        """Put everything back, newest first, and say how that went; empty if nothing was done."""
        if not self.kept:
            return ""
        failed: list[str] = []
        while self.kept:
            name, put_back = self.kept.pop()
            try:
                put_back()
            except Exception as error:  # noqa: BLE001  # whatever it is, the others go back
                why = error.why if isinstance(error, DcovError) else repr(error)
                failed.append(f"{name} ({why})")
        return "incomplete: " + ", ".join(failed) if failed else "complete"
