"""Which known name was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest_names(name: str, *, among: Iterable[str]) -> tuple[str, ...]:
    """Return up to three names that look like this one, the likeliest first."""
    return tuple(difflib.get_close_matches(name, list(among), n=3))
