"""What a client talks through, and when that ends."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Self


class Closing:
    """Closed by `with`, by `close()`, or when nobody holds it any more.

    In a notebook one writes `fleet.prometheus.query("up")`, and each such client would leave a
    connection behind.
    """

    def __init__(self, *ends: Callable[[], object]) -> None:
        self._finish = weakref.finalize(self, _follow, ends)
        self._finish.atexit = False  # the process is as good a way to end it

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        self._finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _follow(ends: tuple[Callable[[], object], ...]) -> None:
    for end in ends:
        end()
