"""Edits of a configuration that people also edit: only what was asked for changes in the text."""

from __future__ import annotations

import os
import threading
import tomllib
from pathlib import Path

import pytest

from dcov.config.edit import add_server, remove_server, set_server
from dcov.config.load import load
from dcov.errors import ConfigError, UnknownNameError
from dcov.secret import Secret

EDITS = sorted((Path(__file__).parent / "edits").glob("*.toml"))
TWO = """\
servers:
  - name: a # the first
    server_ip: 192.0.2.1
  - name: b
    server_ip: 192.0.2.2
"""


@pytest.mark.parametrize("path", EDITS, ids=lambda path: path.stem)
def test_an_edit_changes_only_what_it_is_asked_for(path: Path, write) -> None:
    """Each case holds the text before and after; a new case needs no Python."""
    case = tomllib.loads(path.read_text())
    file = write(case["before"])
    if "add" in case:
        config = add_server(file, server=case["add"])
    elif "remove" in case:
        config = remove_server(file, name=case["remove"])
    else:
        keys = {**case.get("set", {}), **dict.fromkeys(case.get("unset", ()))}
        config = set_server(file, name=case["name"], keys=keys)
    assert file.read_text() == case["after"]
    assert config == load(file)


def test_line_ends_of_windows_stay(write) -> None:
    file = write(TWO.replace("\n", "\r\n"))
    add_server(file, server={"name": "c", "server_ip": "192.0.2.3"})
    added = TWO + "  - name: c\n    server_ip: 192.0.2.3\n"
    assert file.read_bytes().decode() == added.replace("\n", "\r\n")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_the_mode_stays(mode: int, write) -> None:
    file = write(TWO, mode=mode)
    remove_server(file, name="a")
    assert file.stat().st_mode & 0o777 == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_owner_stays(write) -> None:
    file = write(TWO)
    os.chown(file, 65534, 65534)
    remove_server(file, name="a")
    assert (file.stat().st_uid, file.stat().st_gid) == (65534, 65534)


def test_a_link_stays_a_link(write, tmp_path: Path) -> None:
    target = write(TWO, name="target.yaml")
    link = tmp_path / "fleet-config.yaml"
    link.symlink_to(target)
    remove_server(link, name="a")
    assert link.is_symlink()
    assert "192.0.2.1" not in target.read_text()


def test_nothing_is_left_beside_the_file(write) -> None:
    file = write(TWO)
    remove_server(file, name="a")
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(
    ("server", "message"),
    [
        ({"name": "a", "server_ip": "192.0.2.3"}, "two servers are called 'a' .the other: line 2"),
        ({"name": "c", "server_ip": "192.0.2.1"}, "c and a are both at 192.0.2.1 port 22"),
        ({"name": "c", "server_ip": "192.0.2"}, "192.0.2 is no IP address"),
        ({"name": "c", "server_ip": "192.0.2.3", "sever": 1}, "sever: unknown key"),
        ({"name": "c"}, "server_ip: is missing"),
    ],
)
def test_a_server_that_would_be_a_fault_is_not_written(server, message: str, write) -> None:
    file = write(TWO)
    with pytest.raises(ConfigError, match=message):
        add_server(file, server=server)
    assert file.read_text() == TWO


def test_a_password_is_not_written_into_the_configuration(write) -> None:
    file = write(TWO)
    with pytest.raises(ConfigError, match=r"sudo_password: .* put it into \.secrets\.yaml"):
        set_server(file, name="a", keys={"sudo_password": Secret("hunter22")})
    assert file.read_text() == TWO


def test_a_server_of_another_name_is_said_to_be_unknown(write) -> None:
    with pytest.raises(UnknownNameError, match="no server matches 'gup-01'") as caught:
        remove_server(write("servers: [{name: gpu-01, server_ip: 192.0.2.1}]"), name="gup-01")
    assert caught.value.nearest == ("gpu-01",)


ALIASED = """\
servers:
  - {name: a, server_ip: 192.0.2.1, labels: &l {rack: a}}
  - {name: b, server_ip: 192.0.2.2, labels: *l}
"""
MERGED = "servers:\n  - name: b\n    <<: {server_ip: 192.0.2.1, ssh_user: x}\n"
FOLDED = "servers:\n  - server_ip: 192.0.2.1\n    name: >-\n      b\n"


@pytest.mark.parametrize(
    ("text", "keys", "message"),
    [
        (ALIASED, {"labels": {"rack": "b"}}, "written in a way that dcov cannot change safely"),
        (MERGED, {"ssh_user": "y"}, "ssh_user comes from an alias"),
        (FOLDED, {"name": "c"}, "a block of text stands here"),
    ],
    ids=["aliased", "merged", "folded"],
)
def test_text_that_only_a_person_should_change_stays(text: str, keys, message: str, write) -> None:
    """What stands behind an alias belongs to other servers as well."""
    file = write(text)
    with pytest.raises(ConfigError, match=f"{message}.*by hand"):
        set_server(file, name="b", keys=keys)
    assert file.read_text() == text


def test_edits_at_once_lose_nothing(write) -> None:
    """Two operators, or the Server Manager and one of them."""
    file = write(TWO)
    names = [f"s{n}" for n in range(8)]
    threads = [
        threading.Thread(
            target=add_server,
            args=(file,),
            kwargs={"server": {"name": name, "server_ip": f"192.0.2.1{name[1:]}"}},
        )
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    servers = load(file).settings.servers
    assert sorted(server.name for server in servers) == ["a", "b", *names]
