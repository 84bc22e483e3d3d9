"""What can be chosen from a fleet, and what cannot be joined."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dcov import Fleet, Secret, Server
from dcov.errors import ConfigError
from dcov.inventory.entry import Entry, Login

GPUS = {"a": True, "b": False, "c": None, "d": True}  # None: nobody has said
FLEET = Fleet.of(
    *(Server(name=name, local=True, has_gpu=has_gpu) for name, has_gpu in GPUS.items())
)

WRONG = (
    ({"server_ip": "300.1.1.1"}, "s0.server_ip: 300.1.1.1 is no IP address"),
    ({"ssh_host": "root@192.0.2.1"}, "s0.ssh_host: is no address: the user belongs into ssh_user"),
    ({"name": "a b", "server_ip": "192.0.2.1"}, "a b.name: 'a b' is no name"),
    ({"name": "300.1.1.1"}, "300.1.1.1.server_ip: 300.1.1.1 is no IP address"),
    ({"ssh_port": "22"}, "s0.ssh_port: must be a whole number, not text"),
    ({"ssh_port": 70000}, "s0.ssh_port: must be 65535 or less"),
    ({"ssh_key_path": Path("/nowhere/key")}, "s0.ssh_key_path: there is no key file /nowhere/key"),
    ({"ssh_password": 12345678}, "s0.ssh_password: a password must be text"),
    ({"role": "boss"}, "s0.role: must be 'master' or 'worker'"),
    ({"labels": {"job": "x"}}, "s0.labels.job: 'job' is a label that dcov sets itself"),
    ({"exporter_ports": {"node_exporter": 0}}, "s0.exporter_ports.node_exporter: must be 1"),
)

Join = Callable[[Fleet, Fleet], Fleet]
JOINS = (operator.or_, operator.and_, operator.sub)


@pytest.mark.parametrize(("keys", "problem"), WRONG, ids=[problem for _, problem in WRONG])
def test_a_servers_keys_are_checked_as_in_a_file(keys: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Fleet.of(Server(**{"name": "s0", **keys}))
    (said,) = map(str, caught.value.problems)
    assert said.startswith(problem)


def test_two_servers_at_one_place_are_refused_and_named() -> None:
    """Behind NAT they have one address and two ports."""
    one, other = Server(name="a", server_ip="192.0.2.1"), Server(name="b", server_ip="192.0.2.1")
    with pytest.raises(ConfigError, match=r"b and a are both at 192\.0\.2\.1 port 22"):
        Fleet.of(one, other)
    assert len(Fleet.of(one, replace(other, ssh_port=2222))) == 2


def test_what_a_server_says_is_what_it_has(tmp_path: Path) -> None:
    (tmp_path / "key").touch()
    server = Server(
        name="s0",
        server_ip="192.0.2.1",
        ssh_host="gate.example.com",
        ssh_port=2222,
        ssh_user="ops",
        ssh_key_path=tmp_path / "key",
        sudo_password=Secret("hunter22"),
        labels={"rack": "a1"},
        exporter_ports={"node_exporter": 19100},
        groups=("lab",),
    )
    entry = Fleet.of(server)["s0"].entry
    assert entry == Entry(
        name="s0",
        login=Login(
            address="gate.example.com",
            port=2222,
            user="ops",
            key_path=tmp_path / "key",
            sudo_password=Secret("hunter22"),
        ),
        scrape_address="192.0.2.1",
        labels={"rack": "a1"},
        exporter_ports={"node_exporter": 19100},
        groups=("lab",),
    )


def names(fleet: Fleet) -> str:
    return "".join(server.name for server in fleet)


@pytest.mark.parametrize(("join", "left"), list(zip(JOINS, ("abc", "b", "a"), strict=True)))
def test_views_are_joined_in_the_order_of_the_site(join: Join, left: str) -> None:
    """Whichever stands first; and neither of them changes."""
    one, other = FLEET.where("b:a"), FLEET.where("c:b")
    assert names(join(one, other)) == left
    assert (names(one), names(other), names(FLEET)) == ("ab", "bc", "abcd")


def test_a_joined_view_runs_as_the_first_of_them() -> None:
    """With `|` of a view and itself nothing changes."""
    one, other = FLEET.using(workers=3).where("a"), FLEET.using(workers=4).where("b")
    assert (one | other).options.workers == 3
    assert names(one | one) == "a"
    assert names(FLEET - FLEET) == ""


@pytest.mark.parametrize(("has_gpu", "left"), [(True, "ad"), (False, "b"), (None, "c")])
def test_a_server_of_which_nobody_said_it_is_in_neither_part(
    has_gpu: bool | None,  # noqa: FBT001  # a case
    left: str,
) -> None:
    assert names(FLEET.where(has_gpu=has_gpu)) == left
    assert names(FLEET.where("a:b", has_gpu=has_gpu)) == left.strip("cd")


@pytest.mark.parametrize("join", JOINS)
def test_servers_of_two_sites_are_not_joined(join: Join) -> None:
    """Those of the second would be left out, and names that both have mean two servers."""
    other = Fleet.of(Server(name="a", server_ip="192.0.2.1"), Server(name="x", local=True))
    with pytest.raises(ConfigError, match="are of two sites"):
        join(FLEET, other)


def test_a_site_that_was_read_twice_is_one(tmp_path: Path) -> None:
    text = "servers: [{name: a, server_ip: 192.0.2.1}, {name: b, server_ip: 192.0.2.2}]\n"
    (tmp_path / "fleet-config.yaml").write_text(text)
    one, other = (Fleet.load(tmp_path).where(name=name) for name in "ab")
    assert names(one | other) == "ab"
