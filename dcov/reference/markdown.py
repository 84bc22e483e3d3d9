"""The few pieces of Markdown that the generated pages are made of."""

from __future__ import annotations

from collections.abc import Iterable


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table; what would end a cell is escaped."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def code(text: str) -> str:
    """Return a text as code within a line."""
    return f"`{text}`"


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ")
