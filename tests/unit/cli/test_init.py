"""`dcov init`."""

from __future__ import annotations

from pathlib import Path


def test_it_writes_a_file_that_can_be_checked(dcov, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert dcov("init").code == 0
    file = tmp_path / "fleet-config.yaml"
    assert file.stat().st_mode & 0o777 == 0o600
    said = dcov("config", "check")
    assert (said.code, "can be used (2 servers, master monitor, 0 notices)" in said.err) == (
        0,
        True,
    )


def test_a_file_that_is_there_is_left_alone(dcov, tmp_path: Path) -> None:
    file = tmp_path / "site" / "fleet-config.yaml"
    assert dcov("init", str(file.parent)).code == 0
    file.write_text("site_name: mine\n")
    said = dcov("init", str(file.parent))
    assert (said.code, "is there already; nothing was written" in said.err) == (2, True)
    assert file.read_text() == "site_name: mine\n"
    assert [one.name for one in file.parent.iterdir()] == [file.name]
