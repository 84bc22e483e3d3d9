"""Values that must never be seen: passwords, keys, tokens."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MASK = "***"
SHORTEST_MASKED = 8  # shorter values occur in ordinary output by chance
SHORTEST_PART = 4  # the same of what a cut leaves of one


class Secret:
    """A text that shows as `***` wherever it is printed, logged or serialised.

    Only `reveal()` gives the value; call it where it goes onto the wire, nowhere else.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        raise TypeError("a Secret is not pickled: its value would stand in the file")


def _forms(value: str) -> Iterator[str]:
    """Yield the value as it may turn up in output: itself, quoted for a shell, within JSON."""
    yield value
    yield shlex.quote(value).strip("'")
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]


@dataclass(slots=True)
class Masker:
    """Replaces the known secrets of a run in any text that came from a server."""

    values: tuple[str, ...] = ()

    @classmethod
    def of(cls, secrets: Iterable[Secret]) -> Masker:
        """Know these secrets, longest first, so that one within another leaves no rest."""
        values = {form for secret in secrets for form in _forms(secret.reveal())}
        kept = (value for value in values if len(value) >= SHORTEST_MASKED)
        return cls(tuple(sorted(kept, key=len, reverse=True)))

    def learn(self, secrets: Iterable[Secret]) -> None:
        """Know these as well, from now on: passwords that the run itself has made."""
        more = Masker.of(secrets).values
        self.values = tuple(sorted({*self.values, *more}, key=len, reverse=True))

    def text(self, text: str) -> str:
        """Return the text with every known value replaced by `***`."""
        for value in self.values:
            text = text.replace(value, MASK)
        return text

    def edges(self, text: str) -> str:
        """Return a text that was cut, without what the cut has left of a secret at an end."""
        for value in self.values:
            for size in range(min(len(value) - 1, len(text)), SHORTEST_PART - 1, -1):
                if text.endswith(value[:size]):
                    text = text[:-size] + MASK
                    break
            for size in range(min(len(value) - 1, len(text)), SHORTEST_PART - 1, -1):
                if text.startswith(value[-size:]):
                    text = MASK + text[size:]
                    break
        return text

    def data(self, data: bytes) -> bytes:
        """Do the same for bytes."""
        for value in self.values:
            data = data.replace(value.encode(), MASK.encode())
        return data

    @property
    def longest(self) -> int:
        """Bytes of the longest value: what a chunk must hold back so that none slips through."""
        return max((len(value.encode()) for value in self.values), default=0)
