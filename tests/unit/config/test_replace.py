"""Files written at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from dcov.config.replace import create, put, replace
from dcov.config.source import Source
from dcov.errors import ConfigError


def test_what_somebody_else_changed_meanwhile_is_not_replaced(write) -> None:
    file: Path = write("site_name: x\n")
    source = Source.read(file)
    file.write_text("site_name: theirs\n")
    with pytest.raises(ConfigError, match="was changed by somebody else meanwhile"):
        replace(source, text="site_name: ours\n")
    assert file.read_text() == "site_name: theirs\n"
    assert list(file.parent.iterdir()) == [file]


def test_a_link_stays_a_link(write) -> None:
    file: Path = write("old\n", name="real", mode=0o640)
    link = file.parent / "link"
    link.symlink_to(file)
    replace(Source.read(link), text="new\n")
    assert (link.is_symlink(), file.read_text()) == (True, "new\n")
    assert file.stat().st_mode & 0o777 == 0o640


def test_create_makes_what_is_not_there_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "new"
    create(file, text="one\n")
    with pytest.raises(ConfigError, match="is there already"):
        create(file, text="two\n")
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("one\n", 0o600)
    put(file, text="three\n")
    assert file.read_text() == "three\n"
    assert list(tmp_path.iterdir()) == [file]
