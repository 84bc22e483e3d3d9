"""Every fault of a configuration, each in a file of its own in faults/.

The lines that begin with `#!` are what must be said: line, column, key and message of each
problem. `{folder}` and `{file}` stand for where the case lies while it is tested.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from dcov.config.load import load
from dcov.errors import ConfigError

FAULTS = sorted((Path(__file__).parent / "faults").glob("*.yaml"))


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: case.stem)
def test_a_fault_is_named_at_its_place(case: Path, write) -> None:
    """All problems of a file come at once, in the order of their places, with nothing added."""
    text = case.read_text()
    expected = [line[3:] for line in text.splitlines() if line.startswith("#! ")]
    file = write(text)
    write("ssh-ed25519 AAAA", name="fleet_key.pub")
    with pytest.raises(ConfigError) as caught:
        load(file)
    said = [str(problem).removeprefix(f"{file}:") for problem in caught.value.problems]
    folder = str(file.parent)
    assert [
        one.replace(str(file), "{file}").replace(folder, "{folder}") for one in said
    ] == expected


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: case.stem)
def test_no_fault_repeats_a_password(case: Path, write) -> None:
    """What stands under a key of passwords is in no message, whatever YAML made of it."""
    with pytest.raises(ConfigError) as caught:
        load(write(case.read_text()))
    assert "hunter" not in str(caught.value)
    assert "1234567" not in str(caught.value)


def test_the_error_prints_every_problem_with_its_file(write) -> None:
    file = write("site_name: 5\nmastr: x\n")
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert str(caught.value).splitlines() == [
        f"config: {file}:1:12: site_name: must be text, and YAML reads 5 as a number; quote it",
        f"{file}:2:1: mastr: unknown key; did you mean master?",
    ]


def test_a_missing_file_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"fleet-config\.yaml: cannot be read: No such file"):
        load(tmp_path / "fleet-config.yaml")


def test_a_file_in_another_encoding_is_named_at_its_first_wrong_byte(tmp_path: Path) -> None:
    file = tmp_path / "fleet-config.yaml"
    file.write_bytes("site_name: x\nmaster_ip: Zürich".encode("latin-1"))
    with pytest.raises(ConfigError, match=":2:13: is not UTF-8"):
        load(file)


def test_positions_count_characters_and_not_bytes(write) -> None:
    """A byte order mark, Windows line ends and umlauts move nothing."""
    with pytest.raises(ConfigError, match=r":3:11: ssh\.port: must be"):
        load(write("\ufeff# Zürich\r\nssh:\r\n  port:   99999\r\n"))


@pytest.mark.parametrize("level", ["[", "- ", "{a: "])
def test_deep_nesting_is_a_config_error(level: str, write) -> None:
    """libyaml itself would take the process down with it."""
    with pytest.raises(ConfigError, match=r":1:[0-9]+: nested more than 100 levels deep"):
        load(write(level * 100_000))
