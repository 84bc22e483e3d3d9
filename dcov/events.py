"""What happened in a run, one value an event: for progress, for records, for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What an event tells."""

    RUN_STARTED = "run_started"
    STEP_STARTED = "step_started"
    SERVER_STARTED = "server_started"
    CHANGED = "changed"
    NOTE = "note"
    SERVER_FINISHED = "server_finished"
    STEP_FINISHED = "step_finished"
    RUN_FINISHED = "run_finished"


def _now() -> datetime:
    return datetime.now(tz=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened; everything in `data` is plain and masked.

    `step` is the step of a workflow, empty where the run is one task.
    """

    kind: Kind
    run: str
    server: str = ""
    step: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    at: datetime = field(default_factory=_now)

    def to_json(self) -> str:
        """Return the event as one line."""
        plain = {
            "at": self.at.isoformat(timespec="milliseconds"),
            "run": self.run,
            "kind": self.kind.value,
            **({"step": self.step} if self.step else {}),
            **({"server": self.server} if self.server else {}),
            **self.data,
        }
        return json.dumps(plain, ensure_ascii=False, default=str)


Listener = Callable[[Event], None]
