"""Text as it may be written to a terminal, whoever it came from."""

from __future__ import annotations

from io import StringIO
from typing import Any

ESCAPED = {code: f"\\x{code:02x}" for code in (*range(9), *range(11, 32), 127, *range(128, 160))}


def printable(text: str) -> str:
    """Return a text that came from elsewhere as it may be written to a terminal."""
    return text.translate(ESCAPED)


def drawn(shown: Any, *, wrap: bool = True) -> str:
    """Return what rich makes of it as plain lines: for `print` and for the prompt."""
    from rich.console import Console

    console = Console(file=StringIO(), color_system=None, highlight=False)
    with console.capture() as captured:
        console.print(shown, soft_wrap=not wrap)
    return "\n".join(printable(line.rstrip()) for line in captured.get().splitlines())
