from __future__ import annotations

import signal
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def state_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the records of runs out of the home of whoever runs the tests."""
    home = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("XDG_STATE_HOME", str(home))
    return home


@pytest.fixture(autouse=True, scope="session")
def interrupts() -> None:
    """Let Ctrl-C reach the processes that tests start, also where a shell's `&` ignored it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
