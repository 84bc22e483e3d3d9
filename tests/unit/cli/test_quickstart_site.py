"""`dcov quickstart` without a file asks for the site; a file that is named must be there."""

from __future__ import annotations

import os
import pty
import select
import sys
import time
from pathlib import Path

import pytest

QUICKSTART = [sys.executable, "-c", "from dcov.cli import main; main()", "quickstart"]
QUESTION = "Name of the site"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder that holds nothing, at the home of nobody who has a site."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("DCOV_CONFIG", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return folder


def on_a_terminal(*words: str) -> tuple[int, str]:
    """Call it on a real terminal, whose user leaves at the first question."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [*QUICKSTART, *words])
    shown, give_up = "", time.monotonic() + 30
    while time.monotonic() < give_up:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                shown += os.read(terminal, 4096).decode()
            except OSError:  # the other end is closed
                break
        if shown.rstrip().endswith(":"):
            os.write(terminal, b"\x04")
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), shown


def test_without_a_file_the_site_is_asked_for(folder: Path) -> None:
    code, shown = on_a_terminal()
    assert (code, QUESTION in shown) == (1, True), shown
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("folder")
def test_without_a_terminal_it_says_what_to_do(dcov) -> None:
    said = dcov("quickstart", "-y")
    assert (said.code, said.out) == (2, "")
    assert "there is no fleet-config.yaml; looked for" in said.err
    assert "write one with `dcov init`, or answer quickstart's questions in a terminal" in said.err


def test_a_file_that_is_named_must_be_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who mistyped the path of a site is not asked for another one."""
    code, shown = on_a_terminal("-c", "nowhere.yaml")
    assert (code, "-c names nowhere.yaml, and that does not exist" in shown) == (2, True), shown
    monkeypatch.setenv("DCOV_CONFIG", str(folder))
    code, shown = on_a_terminal()
    assert (code, f"DCOV_CONFIG names {folder}, and neither" in shown) == (2, True), shown
    assert QUESTION not in shown
