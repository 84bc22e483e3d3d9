"""Which parts of free-form settings are secrets: told by the name of their key."""

from __future__ import annotations

import re
from typing import Any

from dcov.secret import Secret

SECRET_KEY = re.compile(
    r"pass(word|wd|phrase)?$|secret|token$|credentials?$|api_?key$|licen[cs]e|authorization",
    re.IGNORECASE,
)


def hide(value: Any, *, key: str = "") -> Any:
    """Return the value with each text under a telling key wrapped as a Secret."""
    match value:
        case dict():
            return {name: hide(inner, key=str(name)) for name, inner in value.items()}
        case list() | tuple():
            return [hide(inner, key=key) for inner in value]
        case str() if SECRET_KEY.search(key):
            return Secret(value)
    return value
