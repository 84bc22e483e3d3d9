"""Folders that Nornir's SimpleInventory reads, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dcov.errors import ConfigError
from dcov.inventory.nornir import load_folder
from dcov.inventory.notices import notices

HOSTS = "a: {hostname: 192.0.2.1}\n"
NO_HOSTNAME = "a:\n  hostnmae: 192.0.2.1\n"


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        ("hosts", NO_HOSTNAME, "2:3: a.hostnmae: unknown key; did you mean hostname?"),
        ("hosts", "a:\n", "1:1: a: nothing stands here; write `{}` where everything is inherited"),
        ("hosts", "a: {port: '22'}\n", "1:11: a.port: must be a whole number, not text"),
        ("hosts", "a: {port: 022}\n", "1:11: a.port: YAML 1.1 reads this as octal"),
        ("hosts", "a: 192.0.2.1\n", "1:4: a: must be a mapping (`key: value`), not text"),
        ("hosts", "- a\n", "1:1: must be a mapping (`key: value`), not a list"),
        ("hosts", "a: {}\na: {}\n", "2:1: a: stands twice; the first is in line 1"),
        ("hosts", "a b: {}\n", "1:1: a b: 'a b' is no name"),
        ("hosts", "a: {hostname: 192.0.2.300}\n", "1:15: a.hostname: 192.0.2.300 is no IP"),
        ("hosts", "a: {groups: rack}\n", "1:13: a.groups: must be a list (`- item`), not text"),
        ("hosts", "a: {groups: [rakc]}\n", "1:14: a.groups[0]: no group is called 'rakc'"),
        ("hosts", "a: {connection_options: }\n", "1:5: a.connection_options: nothing stands here"),
        ("hosts", "a: {data: {ssh_jump: 5}}\n", "1:22: a.data.ssh_jump: must be text"),
        (
            "hosts",
            "a: {data: {exporter_ports: {node_exportr: 9102}}}\n",
            "1:29: a.data.exporter_ports.node_exportr: no exporter is called so; did you mean",
        ),
        ("hosts", "a: {data: {key_path: nowhere}}\n", "1:22: a.data.key_path: there is no key"),
        (
            "hosts",
            "a: {connection_options: {netmiko: {extra: 1}}}\n",
            "1:36: a.connection_options.netmiko.extra: unknown key; did you mean extras?",
        ),
        ("groups", "rack: {grups: []}\n", "1:8: rack.grups: unknown key; did you mean groups?"),
        ("groups", "rack:\n", "1:1: rack: nothing stands here"),
        ("groups", "rack: {groups: [rack]}\n", "1:16: rack.groups: rack inherits from itself"),
        ("groups", "rack: {groups: [row]}\n", "1:17: rack.groups[0]: no group is called 'row'"),
        ("defaults", "user: me\n", "1:1: user: unknown key; did you mean username?"),
        ("defaults", "data: {agent: on!}\n", "1:15: data.agent: must be true or false"),
        ("defaults", "connection_options:\n", "1:1: connection_options: nothing stands here"),
    ],
)
def test_a_fault_is_named_at_its_place(file: str, text: str, problem: str, tmp_path: Path) -> None:
    """SimpleInventory passes over some of them, and dies of others without a place."""
    (tmp_path / "hosts.yaml").write_text(HOSTS)
    (tmp_path / f"{file}.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_folder(tmp_path)
    (said,) = map(str, caught.value.problems)
    assert said.startswith(f"{tmp_path / file}.yaml:{problem}")


def test_groups_that_inherit_in_a_circle_are_named(tmp_path: Path) -> None:
    """Nornir itself would call itself until Python stops it."""
    (tmp_path / "hosts.yaml").write_text("a: {groups: [x]}\n")
    (tmp_path / "groups.yaml").write_text("x: {groups: [y]}\ny: {groups: [z]}\nz: {groups: [x]}\n")
    with pytest.raises(ConfigError) as caught:
        load_folder(tmp_path)
    assert [problem.key for problem in caught.value.problems] == [
        "x.groups",
        "y.groups",
        "z.groups",
    ]


def test_the_problems_of_all_three_files_come_together(tmp_path: Path) -> None:
    for name in ("hosts", "groups", "defaults"):
        (tmp_path / f"{name}.yaml").write_text(
            "x: {prot: 1}\n" if name != "defaults" else "prot: 1"
        )
    with pytest.raises(ConfigError) as caught:
        load_folder(tmp_path)
    assert [problem.file.stem for problem in caught.value.problems] == [
        "hosts",
        "groups",
        "defaults",
    ]


def test_only_the_hosts_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"hosts\.yaml: cannot be read"):
        load_folder(tmp_path)
    (tmp_path / "hosts.yaml").write_text(HOSTS)
    site = load_folder(tmp_path)
    assert list(site.entries) == ["a"]
    assert site.known_hosts == tmp_path / "known_hosts"


def test_key_files_are_found_beside_the_inventory(tmp_path: Path) -> None:
    (tmp_path / "hosts.yaml").write_text("a: {groups: [g]}\n")
    (tmp_path / "groups.yaml").write_text("g: {data: {key_path: fleet_key}}\n")
    (tmp_path / "fleet_key").write_text("key")
    assert load_folder(tmp_path)["a"].login.key_path == tmp_path / "fleet_key"


def test_a_key_of_the_users_own_that_is_almost_ours_is_noticed(tmp_path: Path) -> None:
    """It may be his; it may as well be a slip, and Nornir would never say so."""
    (tmp_path / "hosts.yaml").write_text("a:\n  data:\n    ssh_jmp: b\n    rack: 1\n")
    (tmp_path / "defaults.yaml").write_text("data: {exporter_port: {}}\n")
    assert [(one.file.name, one.line, one.key) for one in notices(load_folder(tmp_path))] == [
        ("hosts.yaml", 3, "a.data.ssh_jmp"),
        ("defaults.yaml", 1, "data.exporter_port"),
    ]
