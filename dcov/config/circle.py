"""Jump hosts that lead round in a circle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def leads_back(name: str, *, jumps: Mapping[str, Any]) -> bool:
    """Whether the way to this server, from jump host to jump host, leads through itself."""
    seen: set[str] = set()
    step = jumps.get(name)
    while isinstance(step, str) and step not in seen:
        seen.add(step)
        step = jumps.get(step)
    return name in seen
