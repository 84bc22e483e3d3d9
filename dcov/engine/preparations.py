"""What tasks have prepared on the controller: each once in a run, whoever asks first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from threading import Lock
from typing import Any

from dcov.context import Preparing
from dcov.runnable import Task


class Preparations:
    """The results of `prepare` in one run, by task and parameters."""

    def __init__(self, preparing: Preparing) -> None:
        self._preparing = preparing
        self._lock = Lock()
        self._made: dict[str, Any] = {}

    def __call__(self, task: Task[..., Any], params: Mapping[str, Any], /) -> Any:
        """Return what the task's `prepare` makes of these parameters."""
        given = json.dumps(dict(params), sort_keys=True, default=repr)
        key = f"{task.function.__module__} {task.name} {given}"
        with self._lock:
            if key not in self._made:
                self._made[key] = task.prepared(self._preparing, params)
            return self._made[key]
