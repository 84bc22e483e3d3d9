"""~/.ssh/config where the fleet is silent: real logins, and what ssh itself would do."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from ssh.fleets import QUICK, only

from dcov import Fleet, Server
from dcov.config.settings import Settings
from dcov.engine.options import Options
from dcov.errors import AuthRefusedError, ConfigError, RefusedError
from dcov.inventory.nornir import from_nornir, to_nornir
from dcov.inventory.site import Site
from dcov.report import Status
from dcov.ssh.ssh_config import SshConfig
from dcov.ssh.way import Ways
from dcov.testing.sshd import LoopbackSshd


class Home:
    """A home with a ~/.ssh/config, and fleets seen from it."""

    def __init__(self, folder: Path, *, sshd: LoopbackSshd) -> None:
        self.folder = folder
        self.sshd = sshd
        (folder / ".ssh").mkdir()

    def write(self, text: str) -> None:
        """Write the config; {port}, {user}, {key} are the server's, {known} knows it as `jump`."""
        values = {
            "port": self.sshd.port,
            "user": self.sshd.user,
            "key": self.sshd.key_path,
            "known": self.sshd.known_hosts(["jump"]),
        }
        (self.folder / ".ssh" / "config").write_text(text.format(**values))

    def fleet(self, *servers: Server, **settings: object) -> Fleet:
        site = Site.of(
            *(server.entry for server in servers),
            path=self.folder,
            settings=Settings.model_validate(settings),
        )
        return Fleet(site=site, options=Options(patience=QUICK, accept_new=True))


@pytest.fixture
def home(sshd: LoopbackSshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("HOME", str(tmp_path))
    return Home(tmp_path, sshd=sshd)


def came_from(fleet: Fleet) -> list[str]:
    """Return the addresses of both ends as the server sees them."""
    outcome = only(fleet.sh("echo $SSH_CONNECTION"))
    assert outcome.status is Status.OK, outcome.why
    words: list[str] = outcome.value.stdout.split()
    return words


def test_everything_from_the_config(home: Home) -> None:
    home.write(
        "Host gpu-01\n HostName 127.0.0.7\n Port {port}\n User {user}\n IdentityFile {key}\n"
    )
    assert came_from(home.fleet(Server(name="gpu-01")))[2] == "127.0.0.7"


def test_what_the_fleet_declares_wins(home: Home) -> None:
    server = Server(
        name="gpu-01",
        server_ip="127.0.0.1",
        ssh_port=home.sshd.port,
        ssh_user=home.sshd.user,
        ssh_key_path=home.sshd.key_path,
        ssh_jump="jump",
    )
    jump = Server(
        name="jump",
        server_ip="127.0.0.2",
        ssh_port=home.sshd.port,
        ssh_user=home.sshd.user,
        ssh_key_path=home.sshd.key_path,
    )
    home.write("Host *\n Port 1\n User nobody\n IdentityFile ~/none\n")
    assert came_from(home.fleet(server, jump).where("gpu-01"))[2] == "127.0.0.1"


def test_the_sites_port_and_user_are_declared_too(home: Home) -> None:
    """As fleet-config.yaml has them: under `ssh:`, for all servers."""
    home.write("Host *\n Port 1\n User nobody\n IdentityFile {key}\n")
    path = home.folder / "fleet-config.yaml"
    path.write_text(
        "master: {name: control, server_ip: 127.0.0.9}\n"
        f"ssh: {{username: {home.sshd.user}, port: {home.sshd.port}}}\n"
        "servers: [{name: gpu-01, server_ip: 127.0.0.1}]\n"
    )
    fleet = Fleet.load(path).using(accept_new=True, patience=QUICK)
    assert came_from(fleet.where("gpu-01"))[2] == "127.0.0.1"


def test_where_the_site_says_no_port_the_config_does(home: Home) -> None:
    home.write("Host 127.0.0.1\n Port {port}\n User {user}\n IdentityFile {key}\n")
    path = home.folder / "fleet-config.yaml"
    path.write_text(
        "master: {name: control, server_ip: 127.0.0.9}\n"
        "servers: [{name: gpu-01, server_ip: 127.0.0.1}]\n"
    )
    fleet = Fleet.load(path).using(accept_new=True, patience=QUICK)
    assert came_from(fleet.where("gpu-01"))[3] == str(home.sshd.port)


def test_only_the_password_means_no_key_of_the_config(home: Home) -> None:
    home.write("Host *\n Port {port}\n IdentityFile {key}\n")
    path = home.folder / "fleet-config.yaml"
    path.write_text(
        "master: {name: control, server_ip: 127.0.0.9}\n"
        "ssh: {auth_method: password, password: wrong-one}\n"
        "servers: [{name: gpu-01, server_ip: 127.0.0.1}]\n"
    )
    outcome = only(
        Fleet.load(path).where("gpu-01").using(accept_new=True, patience=QUICK).sh("true")
    )
    assert isinstance(outcome.error, AuthRefusedError)
    assert outcome.error.offered == "password"


def test_several_hops_each_an_alias_of_its_own(home: Home) -> None:
    home.write(
        "Host gpu-01\n HostName 127.0.0.4\n ProxyJump outer,inner\n"
        "Host outer\n HostName 127.0.0.2\n"
        "Host inner\n HostName 127.0.0.3\n"
        "Host *\n Port {port}\n User {user}\n IdentityFile {key}\n"
    )
    before = len(home.sshd.log)
    assert came_from(home.fleet(Server(name="gpu-01")))[2] == "127.0.0.4"
    assert home.sshd.log[before:].count("Accepted publickey") == 3
    known = (home.folder / "known_hosts").read_text()
    assert [line.split()[0] for line in known.splitlines()] == ["outer", "inner", "gpu-01"]


def test_a_hop_that_is_a_server_of_the_fleet_is_that_server(home: Home) -> None:
    home.write(
        "Host gpu-01\n HostName 127.0.0.4\n ProxyJump gate\n"
        "Host gate\n HostName 127.0.0.99\n"
        "Host *\n Port {port}\n User {user}\n IdentityFile {key}\n"
    )
    gate = Server(name="gate", server_ip="127.0.0.2")
    fleet = home.fleet(Server(name="gpu-01"), gate).where("gpu-01")
    assert came_from(fleet)[0] == "127.0.0.1"
    known = (home.folder / "known_hosts").read_text().splitlines()
    assert {line.split()[0] for line in known} == {"gate", "gpu-01"}


def test_a_jump_for_all_is_none_for_the_jump_host_itself(home: Home) -> None:
    home.write("Host *\n Port {port}\n User {user}\n IdentityFile {key}\n ProxyJump 127.0.0.2\n")
    assert came_from(home.fleet(Server(name="gpu-01", server_ip="127.0.0.1")))


def test_a_circle_is_said(home: Home) -> None:
    home.write("Host gpu-01\n ProxyJump a\nHost a\n ProxyJump b\nHost b\n ProxyJump a\n")
    outcome = only(home.fleet(Server(name="gpu-01")).sh("true"))
    assert isinstance(outcome.error, ConfigError)
    assert "twice" in outcome.why


def test_keys_that_cannot_be_used_are_passed_over(home: Home) -> None:
    locked = home.folder / "locked"
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", locked), check=True)
    home.write(
        f"Host *\n IdentityFile ~/missing\n IdentityFile {locked}\n IdentityFile {{key}}\n"
        " Port {port}\n"
    )
    assert came_from(home.fleet(Server(name="gpu-01", server_ip="127.0.0.1")))


def test_the_error_tells_what_was_passed_over(home: Home) -> None:
    home.write("Host *\n IdentityFile ~/missing\n Port {port}\n IdentitiesOnly yes\n")
    outcome = only(home.fleet(Server(name="gpu-01", server_ip="127.0.0.1")).sh("true"))
    assert isinstance(outcome.error, AuthRefusedError)
    assert "missing (passed over: no such key file" in outcome.why


def test_the_agent_is_asked_as_ssh_would(
    home: Home, monkeypatch: pytest.MonkeyPatch, agent: str
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", agent)
    subprocess.run(("ssh-add", "-q", home.sshd.key_path), check=True)
    home.write("Host *\n IdentityFile ~/missing\n Port {port}\n")
    server = Server(name="gpu-01", server_ip="127.0.0.1")
    assert came_from(home.fleet(server))
    home.write("Host *\n IdentityFile ~/missing\n Port {port}\n IdentitiesOnly yes\n")
    assert isinstance(only(home.fleet(server).sh("true")).error, AuthRefusedError)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[str]:
    """Run a real ssh-agent."""
    socket = tmp_path / "agent"
    process = subprocess.Popen(("ssh-agent", "-D", "-a", socket), stdout=subprocess.DEVNULL)
    try:
        while not socket.exists():
            assert process.poll() is None
        yield str(socket)
    finally:
        process.terminate()
        process.wait()


def test_sudo_is_for_the_user_of_the_config(home: Home) -> None:
    """Whoever logs in as another than root needs sudo, also if only ~/.ssh/config says so."""
    home.write("Host gpu-01\n User alice\n")
    site = home.fleet(Server(name="gpu-01")).site
    ways = Ways(site, ssh_config=SshConfig.load(home.folder / ".ssh" / "config"))
    assert ways.to("gpu-01").login.user == "alice"


def test_what_was_said_survives_nornirs_inventory(home: Home) -> None:
    servers = Server(name="a"), Server(name="b", ssh_port=22, ssh_user="root", ssh_jump="a")
    site = home.fleet(*servers).site
    again = from_nornir(to_nornir(site))
    for name, entry in site.entries.items():
        assert again[name].login.unsaid == entry.login.unsaid


def test_a_broken_config_stops_the_run_before_any_server(home: Home) -> None:
    (home.folder / ".ssh" / "config").write_text('Host "gpu\n Port 1\n')
    with pytest.raises(ConfigError, match="config:1"):
        home.fleet(Server(name="gpu-01")).sh("true")


def test_no_config_is_no_fault(home: Home) -> None:
    outcome = only(home.fleet(Server(name="gpu-01", server_ip="127.0.0.1", ssh_port=1)).sh("true"))
    assert isinstance(outcome.error, RefusedError)
