"""Nornir processors, guarded: one that raises would end the run and lose its results."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

logger = logging.getLogger("dcov.processors")


class Guarded:
    """Passes Nornir's six calls on, and logs what a processor raises."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor

    def __getattr__(self, name: str) -> Any:
        wanted = getattr(self._processor, name)

        def call(*args: Any) -> None:
            try:
                wanted(*args)
            except Exception:
                logger.exception("processor %r failed in %s", self._processor, name)

        return call


def guarded(processors: Iterable[Any]) -> list[Any]:
    """Guard each of them."""
    return [Guarded(processor) for processor in processors]
