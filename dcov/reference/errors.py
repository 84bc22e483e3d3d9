"""The errors page, from the tree in dcov.errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import MISSING, fields
from inspect import cleandoc

from dcov.errors import DcovError, tree

NAMED = re.compile(r"\{(\w+)[^}]*\}")


def errors_tree() -> str:
    """Return the tree as text."""
    return "```text\n" + "\n".join(_branches(DcovError)) + "\n```"


def errors() -> str:
    """Return a section for each error with its code, cause and hint."""
    return "\n\n".join(_section(error) for error in tree())


def _branches(error: type[DcovError], indent: str = "") -> Iterator[str]:
    yield f"{indent}{error.__name__}  {error.code}"
    for child in error.__subclasses__():
        yield from _branches(child, indent + "    ")


def _section(error: type[DcovError]) -> str:
    lines = [f"## `{error.code}`", f"{error.__name__}: {cleandoc(error.__doc__ or '')}"]
    details = []
    if error.why is DcovError.why:  # others say more than their cause
        details.append(f"- cause: {_placed(error.cause)}")
    if NAMED.sub("", error.hint):
        details.append(f"- hint: {_placed(error.hint)}")
    names = [field.name for field in fields(error)]
    if names:
        required = [field.name for field in fields(error) if field.default is MISSING]
        shown = (f"`{name}`" + ("" if name in required else " (may be empty)") for name in names)
        details.append(f"- carries: {', '.join(shown)}")
    return "\n\n".join([*lines, "\n".join(details)])


def _placed(text: str) -> str:
    """Show the fields of a text as places to be filled: in italics, or in capitals within code."""
    parts = text.split("`")  # every second one is code
    parts[::2] = [NAMED.sub(lambda found: f"*{found[1]}*", part) for part in parts[::2]]
    parts[1::2] = [NAMED.sub(lambda found: found[1].upper(), part) for part in parts[1::2]]
    return "`".join(parts)
