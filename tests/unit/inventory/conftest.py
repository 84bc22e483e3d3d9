from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Writes = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Writes:
    """Write a site's file, readable only by its owner, and return its path."""

    def write(text: str, *, name: str = "fleet-config.yaml", mode: int = 0o600) -> Path:
        file = tmp_path / name
        file.write_bytes(text.encode())
        file.chmod(mode)
        return file

    return write
