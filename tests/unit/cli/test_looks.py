"""Who looks often leaves little behind."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest


@pytest.mark.usefixtures("site")
def test_of_looks_the_last_records_are_kept(dcov, tmp_path: Path, monkeypatch) -> None:
    """Those of runs that change something stay, and stay what `@failed` means."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert dcov("run", "fail", "--on", "gpu-02").code == 3
    for _ in range(7):
        assert dcov("facts", "--limit", "gpu-01").code == 0
    listed = dcov("runs", "list", "-o", "json").data["runs"]
    assert Counter(run["task"] for run in listed) == {"ask-facts": 5, "fail": 1}
    assert dcov("runs", "show").code == 0
    assert dcov("run", "say-hello", "-o", "name", "--limit", "@failed").lines == ["gpu-02"]
