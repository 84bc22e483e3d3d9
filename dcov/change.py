"""What a resource would do to a server, or did."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What applying a resource does to a server."""

    NOOP = "noop"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    UNKNOWN = "unknown"  # known only once something before it has been applied


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a resource would do to a server, or did; secrets in `diff` are masked already."""

    resource: str
    action: Action
    diff: tuple[str, ...] = ()
    reason: str = ""
    conditional: bool = False  # the answer may differ once something before it was applied

    @property
    def needed(self) -> bool:
        """Whether applying would touch the server."""
        return self.action is not Action.NOOP


def compare(resource: str, *, had: Mapping[str, str], want: Mapping[str, str]) -> Change:
    """Return an update that lists what differs, or a noop."""
    diff: list[str] = []
    for key, value in want.items():
        old = had.get(key, "")
        if old != value:
            diff += [f"-{key} {old}"] if old else []
            diff += [f"+{key} {value}"] if value else []
    return Change(
        resource=resource, action=Action.UPDATE if diff else Action.NOOP, diff=tuple(diff)
    )


def unified(path: str, *, old: str, new: str) -> tuple[str, ...]:
    """Return the unified diff of two texts of one file, without its two header lines."""
    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), fromfile=path, tofile=path, lineterm=""
    )
    return tuple(lines)[2:]
