"""A site as a Nornir inventory, and back, with Nornir's own inheritance."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from nornir.core.filter import F
from nornir.core.inventory import (
    ConnectionOptions,
    Defaults,
    Group,
    Groups,
    Host,
    Hosts,
    Inventory,
    ParentGroups,
)

from dcov.errors import ConfigError
from dcov.inventory.entry import Entry, Login, Role
from dcov.inventory.nornir import from_nornir, to_nornir
from dcov.inventory.plugin import FleetInventory
from dcov.inventory.site import Site
from dcov.secret import Secret


def inherited(**host) -> Inventory:
    """Return one host in two groups, one of them within a third, and defaults."""
    outer = Group(name="site-2", username="outer", port=2200, data={"ssh_jump": "bastion.example"})
    rack = Group(
        name="rack-a",
        groups=ParentGroups([outer]),
        username="rack",
        data={"labels": {"rack": "a"}, "exporter_ports": {"node_exporter": 19100}},
    )
    masters = Group(name="masters", data={"has_gpu": False})
    defaults = Defaults(
        username="nobody",
        password="hunter22",
        platform="linux",
        data={"sudo_password": "hunter33", "site_name": "Example", "mine": {"a": 1}},
    )
    one = Host(name="one", groups=ParentGroups([rack, masters]), defaults=defaults, **host)
    groups = {group.name: group for group in (outer, rack, masters)}
    return Inventory(hosts=Hosts({"one": one}), groups=Groups(groups), defaults=defaults)


def test_groups_and_defaults_decide_what_a_host_does_not_say() -> None:
    site = from_nornir(inherited(hostname="192.0.2.1"))
    assert site.name == "Example"
    assert site["one"] == Entry(
        name="one",
        login=Login(
            address="192.0.2.1",
            port=2200,
            user="rack",
            password=Secret("hunter22"),
            sudo_password=Secret("hunter33"),
            jump="bastion.example",
        ),
        role=Role.MASTER,
        scrape_address="192.0.2.1",
        exporter_ports={"node_exporter": 19100},
        has_gpu=False,
        groups=("rack-a", "site-2"),
        labels={"rack": "a"},
        data={"mine": {"a": 1}},
    )


def test_a_host_itself_is_the_strongest() -> None:
    one = from_nornir(inherited(port=22, username="me", data={"role": "worker", "ssh_jump": None}))[
        "one"
    ]
    assert (one.login.address, one.login.port, one.login.user) == ("one", 22, "me")
    assert one.role is Role.WORKER
    assert one.login.jump is None


@pytest.mark.parametrize(
    ("host", "problem"),
    [
        ({"port": "22"}, "one.port: must be a whole number, not text"),
        ({"port": 0}, "one.port: must be 1 or more"),
        ({"hostname": 5}, "one.hostname: must be text, not a number"),
        ({"hostname": "192.0.2.300"}, "one.hostname: 192.0.2.300 is no IP address"),
        ({"username": ["me"]}, "one.username: must be text, not a list"),
        (
            {"password": 12345678},
            "one.password: a password must be text, and YAML reads a number here; quote it",
        ),
        ({"data": {"role": "boss"}}, "one.data.role: must be 'master' or 'worker'"),
        ({"data": {"has_gpu": "yes"}}, "one.data.has_gpu: must be true or false, not text"),
        (
            {"data": {"labels": ["a"]}},
            "one.data.labels: must be a mapping (`key: value`), not a list",
        ),
        ({"data": {"labels": {"rack": 1}}}, "one.data.labels.rack: must be text, not a number"),
        (
            {"data": {"exporter_ports": {"node_exporter": True}}},
            "one.data.exporter_ports.node_exporter: must be a whole number, not true or false",
        ),
        (
            {"data": {"exporter_ports": {"node_exportr": 9102}}},
            "one.data.exporter_ports.node_exportr: no exporter is called so; did you mean node_",
        ),
        ({"data": {"scrape_address": ""}}, "one.data.scrape_address: '' is neither"),
        ({"data": {"key_path": "/nowhere/key"}}, "one.data.key_path: there is no key file"),
        ({"data": {"bmc_ip": "10.0"}}, "one.data.bmc_ip: 10.0 is no IP address"),
    ],
)
def test_a_value_of_another_type_is_a_clear_error(host, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_nornir(inherited(**host))
    (said,) = map(str, caught.value.problems)
    assert said.startswith(problem)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a b", "a b.name: 'a b' is no name"),
        ("all", "all.name: 'all' is the name of a group"),
        ("300.1.1.1", "300.1.1.1.hostname: 300.1.1.1 is no IP address"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(name: str, problem: str) -> None:
    """It must be able to stand in known_hosts, and be an address where there is no other."""
    with pytest.raises(ConfigError) as caught:
        from_nornir(Inventory(hosts=Hosts({name: Host(name=name)})))
    assert problem in str(caught.value)


def test_two_hosts_at_one_place_are_refused() -> None:
    hosts = {name: Host(name=name, hostname="192.0.2.1") for name in "ab"}
    with pytest.raises(ConfigError, match=r"b and a are both at 192\.0\.2\.1 port 22"):
        from_nornir(Inventory(hosts=Hosts(hosts)))


def test_the_problems_of_all_hosts_come_together() -> None:
    hosts = {name: Host(name=name, port="22", data={"has_gpu": 1}) for name in ("a", "b")}
    with pytest.raises(ConfigError) as caught:
        from_nornir(Inventory(hosts=Hosts(hosts)))
    keys = [problem.key for problem in caught.value.problems]
    assert keys == ["a.port", "a.data.has_gpu", "b.port", "b.data.has_gpu"]


def test_connection_options_are_inherited_and_leave_the_inventory_as_it_was() -> None:
    """Nornir's own method writes what it inherits into the objects that it asks."""
    inventory = inherited(
        connection_options={"netmiko": ConnectionOptions(extras={"fast_cli": True})}
    )
    inventory.groups["rack-a"].connection_options["netmiko"] = ConnectionOptions(
        platform="mellanox_mlnxos", password="hunter44", extras={"other": 1}
    )
    one = from_nornir(inventory)["one"]
    options = one.connection_options["netmiko"]
    assert (options["platform"], options["extras"]) == ("mellanox_mlnxos", {"fast_cli": True})
    assert options["password"] == Secret("hunter44")
    assert "hunter" not in repr(one)
    assert inventory.hosts["one"].connection_options["netmiko"].platform is None
    again = to_nornir(Site.of(one)).hosts["one"].get_connection_parameters("netmiko")
    assert (again.platform, again.password) == ("mellanox_mlnxos", "hunter44")
    assert (again.hostname, again.port) == ("one", 2200)


@pytest.fixture
def site(write) -> Site:
    write("key", name="fleet_key")
    text = """
site_name: Example
ssh: {username: ops, key_path: fleet_key, agent: false, password: hunter22, sudo_password: hunter33}
bmc: {password: hunter44}
master: local
servers:
  - {name: a, server_ip: 192.0.2.1, has_gpu: true, labels: {rack: a}, bmc_ip: 192.0.2.101}
  - {name: b, server_ip: 192.0.2.2, ssh_host: 198.51.100.1, ssh_port: 2201, ssh_jump: a,
     exporter_ports: {node_exporter: 19100}}
"""
    return Site.load(write(text))


def test_a_site_comes_back_from_nornir_as_it_was(site: Site) -> None:
    back = from_nornir(to_nornir(site))
    assert dict(back.entries) == dict(site.entries)
    assert (back.name, set(back.secrets)) == (site.name, set(site.secrets))


def test_nornir_filters_work_on_the_hosts(site: Site) -> None:
    inventory = to_nornir(site)
    assert list(inventory.filter(F(has_gpu=True)).hosts) == ["a"]
    assert list(inventory.filter(F(groups__contains="workers")).hosts) == ["a", "b"]
    assert list(inventory.filter(F(labels__rack="a")).hosts) == ["a"]
    assert list(inventory.filter(role="master").hosts) == [site.master.name]
    assert set(inventory.groups) == {"masters", "workers"}


def test_other_peoples_connection_plugins_find_what_they_need(site: Site) -> None:
    parameters = to_nornir(site).hosts["b"].get_connection_parameters("netmiko")
    assert (parameters.hostname, parameters.port) == ("198.51.100.1", 2201)
    assert (parameters.username, parameters.password) == ("ops", "hunter22")
    assert parameters.platform == "linux"


def test_each_inventory_is_new(site: Site) -> None:
    """Nornir changes hosts while it works: two runs must not share them."""
    first, second = to_nornir(site), to_nornir(site)
    before = copy.deepcopy(second.hosts["a"].data["labels"])
    first.hosts["a"].data["labels"]["rack"] = "changed"
    first.hosts["a"].data["new"] = 1
    assert second.hosts["a"].data["labels"] == before
    assert "new" not in second.hosts["a"].data
    assert site["a"].labels == {"rack": "a"}


def test_user_groups_and_data_survive_the_way_through_a_site() -> None:
    inventory = to_nornir(from_nornir(inherited()))
    one = inventory.hosts["one"]
    assert [group.name for group in one.groups] == ["masters", "rack-a", "site-2"]
    assert one["mine"] == {"a": 1}
    assert inventory.defaults.data["site_name"] == "Example"


def test_the_plugin_loads_a_configuration(site: Site) -> None:
    inventory = FleetInventory(config=site.path).load()
    assert list(inventory.hosts) == list(site.entries)


def test_the_plugin_loads_a_folder(tmp_path: Path) -> None:
    (tmp_path / "hosts.yaml").write_text("a: {hostname: 192.0.2.1}\n")
    inventory = FleetInventory(config=str(tmp_path)).load()
    assert inventory.hosts["a"].hostname == "192.0.2.1"


def test_the_plugin_searches_as_dcov_does(site: Site, monkeypatch) -> None:
    monkeypatch.setenv("DCOV_CONFIG", str(site.path))
    assert list(FleetInventory().load().hosts) == list(site.entries)
