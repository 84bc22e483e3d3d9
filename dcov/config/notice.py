"""Something that `config check` says and that hinders nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What an operator should know about a key that is no error, and what to do instead."""

    file: Path | None
    line: int
    key: str
    message: str
    instead: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.file else ""
        instead = f"; instead: {self.instead}" if self.instead else ""
        return f"{place}{self.key}: {self.message}{instead}"
