"""An engine that is not there; one that answers is looked at in tests/lab."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dcov import Fleet
from dcov.errors import EngineError


def test_no_docker_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which nothing of it is installed."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "env"):
        (programs / name).symlink_to(shutil.which(name) or name)
    monkeypatch.setenv("PATH", str(programs))
    site = tmp_path / "fleet-config.yaml"
    site.write_text("master: local\nservers: []\n")
    with pytest.raises(EngineError, match="docker"):
        _ = Fleet.load(site).docker
