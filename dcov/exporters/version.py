"""Release versions, compared as numbers: 1.9.1 is older than 1.10.2."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from dcov.errors import ConfigError

# Strict, because a version becomes part of URLs and of paths on servers.
_FORM = re.compile(
    r"v?(?P<numbers>\d+(?:\.\d+)*)(?:-(?P<suffix>[0-9A-Za-z]+(?:[.-][0-9A-Za-z]+)*))?"
)
_PIECE = re.compile(r"\d+|[A-Za-z]+")

_Piece: TypeAlias = tuple[int, int, str]
_FINAL: _Piece = (2, 0, "")  # above any number (0) and any word (1): 1.0.0-rc.1 < 1.0.0


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A version as a release names it, without the `v` of its tag; ordered by its numbers."""

    key: tuple[tuple[int, ...], tuple[_Piece, ...]] = field(repr=False)
    text: str = field(compare=False)

    def __str__(self) -> str:
        return self.text

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read `1.10.2`, `v1.10.2` or `3.3.8-3.6.0`; 1.9 equals 1.9.0."""
        form = _FORM.fullmatch(text.strip())
        if form is None:
            message = f"{text!r} is not a version such as 1.10.2"
            raise ConfigError.about(message, key="version")
        numbers = [int(number) for number in form["numbers"].split(".")]
        while len(numbers) > 1 and numbers[-1] == 0:
            numbers.pop()
        suffix = tuple(
            (0, int(piece), "") if piece.isdigit() else (1, 0, piece)
            for piece in _PIECE.findall(form["suffix"] or "")
        )
        return cls(key=(tuple(numbers), suffix or (_FINAL,)), text=form[0].removeprefix("v"))


def normalise(text: str) -> str:
    """Return the version without the `v` of its tag; refuse what is no version."""
    return Version.parse(text).text
