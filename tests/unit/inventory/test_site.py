"""What each server inherits, and which machine is the master."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from dcov.errors import ConfigError, UnknownNameError
from dcov.inventory.entry import Entry, Login, Role
from dcov.inventory.site import Site
from dcov.inventory.this_machine import host_name, is_here
from dcov.secret import Secret


def entry(name: str, address: str = "192.0.2.1", **keys) -> Entry:
    login = {key: keys.pop(key) for key in ("port", "jump", "password") if key in keys}
    return Entry(name=name, login=Login(address=address, **login), **keys)


def own_address() -> str:
    """Return an address of this machine that is not loopback, or skip."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no route, so no address of its own")
        return str(probe.getsockname()[0])


def test_a_server_inherits_what_it_does_not_say(write) -> None:
    write("key", name="fleet_key")
    write(
        "ssh_password: all\nssh_sudo_password: all-sudo\nserver_sudo_passwords: {b: own-sudo}",
        name=".secrets.yaml",
    )
    text = """
site_name: Example
ssh: {username: ops, port: 2222, key_path: fleet_key}
bmc: {username: ADMIN, password: bmc-all}
master: {name: mon, server_ip: 192.0.2.9}
servers:
  - {name: a, server_ip: 192.0.2.1, bmc_ip: 192.0.2.101}
  - name: b
    server_ip: b.example.com
    ssh_host: 198.51.100.1
    ssh_port: 22
    ssh_user: root
    scrape_address: 203.0.113.1
    exporter_ports: {node_exporter: 19100}
    labels: {rack: a1}
    has_gpu: true
    ssh_jump: mon
"""
    file = write(text)
    site = Site.load(file)
    key = file.parent / "fleet_key"
    every = Secret("all")
    assert list(site.entries.values()) == [
        Entry(
            name="mon",
            login=Login(
                address="192.0.2.9",
                port=2222,
                user="ops",
                key_path=key,
                password=every,
                sudo_password=Secret("all-sudo"),
            ),
            role=Role.MASTER,
            scrape_address="192.0.2.9",
        ),
        Entry(
            name="a",
            login=Login(
                address="192.0.2.1",
                port=2222,
                user="ops",
                key_path=key,
                password=every,
                sudo_password=Secret("all-sudo"),
            ),
            scrape_address="192.0.2.1",
            bmc_address="192.0.2.101",
            bmc_user="ADMIN",
            bmc_password=Secret("bmc-all"),
        ),
        Entry(
            name="b",
            login=Login(
                address="198.51.100.1",
                port=22,
                user="root",
                key_path=key,
                password=every,
                sudo_password=Secret("own-sudo"),
                jump="mon",
            ),
            scrape_address="203.0.113.1",
            exporter_ports={"node_exporter": 19100},
            has_gpu=True,
            labels={"rack": "a1"},
        ),
    ]
    assert (site.name, site.path, site.known_hosts) == (
        "Example",
        file,
        file.parent / "known_hosts",
    )
    assert [one.name for one in site.workers] == ["a", "b"]
    assert {one.reveal() for one in site.secrets} == {"all", "all-sudo", "own-sudo", "bmc-all"}


@pytest.mark.parametrize(
    ("method", "key", "password", "agent"),
    [
        ("null", True, True, None),
        ("key", True, False, None),
        ("password", False, True, False),
    ],
)
def test_the_auth_method_says_what_is_offered(method, key, password, agent, write) -> None:
    write("key", name="k")
    ssh = f"{{auth_method: {method}, key_path: k, password: secret}}"
    login = Site.load(write(f"ssh: {ssh}\nservers: [{{name: a, server_ip: 192.0.2.1}}]"))["a"].login
    offered = (login.key_path is not None, login.password is not None, login.agent)
    assert offered == (key, password, agent)


@pytest.mark.parametrize("text", ["", "master: local", "master_ip: 127.0.0.1"])
def test_without_a_description_the_master_is_this_machine(text: str, write) -> None:
    site = Site.load(write(f"{text}\nservers: [{{name: a, server_ip: 192.0.2.1}}]"))
    assert list(site.entries) == [host_name(), "a"]
    assert site.master.login.local
    assert site.master.role is Role.MASTER


def test_where_a_local_master_is_scraped_is_open_unless_its_address_is_said(write) -> None:
    """From a container on the master, localhost is the container."""
    assert Site.load(write("")).master.scrape_address == ""
    address = own_address()
    master = Site.load(write(f"master_ip: {address}")).master
    assert (master.login.local, master.scrape_address) == (True, address)


def test_a_master_ip_that_is_elsewhere_means_ssh(write) -> None:
    master = Site.load(write("master_ip: 192.0.2.9\nssh: {username: ops}")).master
    assert master == Entry(
        name="master",
        login=Login(address="192.0.2.9", user="ops"),
        role=Role.MASTER,
        scrape_address="192.0.2.9",
    )


MASTER = "{name: m, server_ip: 192.0.2.9}"
WORKER = "{name: a, server_ip: 192.0.2.1}"


@pytest.mark.parametrize(
    "text",
    [
        f"servers: [{MASTER[:-1]}, role: master}}, {WORKER}]",
        f"{{master_ip: 192.0.2.9, servers: [{MASTER}, {WORKER}]}}",
        f"{{master: {MASTER}, servers: [{WORKER}]}}",
    ],
    ids=["by role", "by master_ip", "by its own section"],
)
def test_a_described_master_is_one_entry(text: str, write) -> None:
    """An existing site often lists its master among the servers as well."""
    site = Site.load(write(text))
    assert {one.name: one.role for one in site.entries.values()} == {
        "m": Role.MASTER,
        "a": Role.WORKER,
    }
    assert not site.master.login.local


def test_a_described_master_with_an_address_of_this_machine_is_local(write) -> None:
    """The same file serves a laptop and the master itself; there no jump is needed."""
    address = own_address()
    text = f"""
master_ip: {address}
master: {{name: m, server_ip: {address}}}
servers: [{{name: a, server_ip: 192.0.2.1, ssh_jump: m}}]
"""
    site = Site.load(write(text))
    assert site.master.login.local
    assert site["a"].login.jump is None


def test_a_server_called_as_this_machine_must_say_whether_it_is_the_master(write) -> None:
    text = f"servers: [{{name: {host_name()}, server_ip: 192.0.2.1}}]"
    with pytest.raises(ConfigError, match=r"if they are one, give that server `role: master`"):
        Site.load(write(text))


def test_a_jump_is_logged_in_to_as_it_is_declared(write) -> None:
    text = """
ssh: {username: ops, port: 2222}
servers:
  - {name: a, server_ip: 192.0.2.1, ssh_user: root}
  - {name: b, server_ip: 192.0.2.2, ssh_jump: a}
  - {name: c, server_ip: 192.0.2.3, ssh_jump: "me@bastion.example.com:22"}
  - {name: d, server_ip: 192.0.2.4, ssh_jump: "[2001:db8::1]"}
"""
    site = Site.load(write(text))
    assert site.jump(site["a"]) is None
    assert site.jump(site["b"]) is site["a"].login
    assert site.jump(site["c"]) == Login(address="bastion.example.com", user="me", port=22)
    assert site.jump(site["d"]) == Login(address="2001:db8::1", user="ops", port=2222)


def test_a_site_of_entries_has_these_servers_and_no_others() -> None:
    """A command for all of them must not run on the machine of who typed it."""
    site = Site.of(entry("a"), entry("b", "192.0.2.2"))
    assert list(site.entries) == ["a", "b"]
    assert site["a"].scrape_address == "192.0.2.1"
    assert site.master.login.local
    assert site.master.name == host_name()
    assert site.path is None
    assert site.known_hosts.name == "known_hosts"


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ((entry("a"), entry("a", "192.0.2.2")), "two servers are called 'a'"),
        (
            (entry("a", role=Role.MASTER), entry("b", "192.0.2.2", role=Role.MASTER)),
            "a and b are both the master",
        ),
        (
            (entry("a", jump="b"), entry("b", "192.0.2.2", jump="a")),
            "the way to a leads through a itself",
        ),
        (
            (entry("a", "2001:db8::1", port=2222), entry("b", "2001:db8:0::1", port=2222)),
            "b and a are both at 2001:db8:0::1 port 2222; behind NAT each has its own ssh_port",
        ),
        (
            (entry("j", "192.0.2.9"), entry("a", jump="j"), entry("b", jump="j")),
            "b and a are both at 192.0.2.1 port 22",
        ),
    ],
)
def test_entries_that_contradict_each_other_are_refused(entries, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Site.of(*entries)


def test_one_address_is_many_places() -> None:
    """By another port, or behind another jump host; and this machine has any number of names."""
    local = [Entry(name=name, login=Login(address="localhost", local=True)) for name in "xyz"]
    behind = [entry("j", "192.0.2.9"), entry("c", jump="j"), entry("d", jump="k.example.com")]
    site = Site.of(entry("a"), entry("b", port=2222), *behind, *local)
    assert list(site.entries) == [*"abjcd", *"xyz"]


def test_an_unknown_server_is_an_error_with_a_suggestion() -> None:
    with pytest.raises(UnknownNameError, match="did you mean gpu-01") as caught:
        Site.of(entry("gpu-01"))["gup-01"]
    assert caught.value.nearest == ("gpu-01",)


def test_every_secret_of_entries_is_known() -> None:
    one = entry("a", password=Secret("hunter22"), bmc_password=Secret("bmc-hunter"))
    assert set(Site.of(one).secrets) == {Secret("hunter22"), Secret("bmc-hunter")}


def test_a_site_cannot_be_changed(write) -> None:
    site = Site.load(write("servers: [{name: a, server_ip: 192.0.2.1, labels: {x: y}}]"))
    with pytest.raises(TypeError):
        site.entries["b"] = site["a"]
    with pytest.raises(TypeError):
        site["a"].labels["x"] = "z"


@pytest.mark.parametrize(
    ("address", "here"),
    [("127.0.0.1", True), ("127.0.0.77", True), ("192.0.2.1", False), ("nowhere.invalid", False)],
)
def test_addresses_of_this_machine_are_recognised(address: str, *, here: bool) -> None:
    assert is_here(address) is here


def test_the_known_hosts_of_a_folder_lie_in_it(tmp_path: Path) -> None:
    assert Site.of(entry("a"), path=tmp_path).known_hosts == tmp_path / "known_hosts"
