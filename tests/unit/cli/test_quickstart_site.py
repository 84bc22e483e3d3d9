"""`dcov quickstart` without a file asks for the site; a file that is named must be there."""

from __future__ import annotations

from pathlib import Path

import pytest
from terminal import on_a_terminal

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


def test_without_a_file_the_site_is_asked_for(folder: Path) -> None:
    code, shown = on_a_terminal("quickstart")
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
    code, shown = on_a_terminal("quickstart", "-c", "nowhere.yaml")
    assert (code, "-c names nowhere.yaml, and that does not exist" in shown) == (2, True), shown
    monkeypatch.setenv("DCOV_CONFIG", str(folder))
    code, shown = on_a_terminal("quickstart")
    assert (code, f"DCOV_CONFIG names {folder}, and neither" in shown) == (2, True), shown
    assert QUESTION not in shown
