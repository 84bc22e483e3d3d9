"""ProxyCommand of ~/.ssh/config: a real ssh -W leads to the server, and its faults have a name."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from ssh.fleets import QUICK, eventually, only, running
from ssh.test_ssh_config_wiring import Home, came_from

from dcov import Server
from dcov.access import ping
from dcov.report import Status
from dcov.ssh.openssh import ssh_argv
from dcov.ssh.scan import scan
from dcov.ssh.ssh_config import SshConfig
from dcov.ssh.way import Ways
from dcov.testing.faults import closed_port
from dcov.testing.sshd import LoopbackSshd

# {port}, {key} and {known} are the loopback server's; the rest is for ssh itself to fill in.
BY_SSH = (
    "ssh -F none -i {key} -o BatchMode=yes -o HostKeyAlias=jump"
    " -o UserKnownHostsFile={known} -b 127.0.0.77 -p {port} -W %h:%p 127.0.0.2"
)


@pytest.fixture
def home(sshd: LoopbackSshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("HOME", str(tmp_path))
    return Home(tmp_path, sshd=sshd)


def gpu(home: Home, **other: object) -> Server:
    said = {"ssh_user": home.sshd.user, "ssh_key_path": home.sshd.key_path, **other}
    return Server(name="gpu-01", server_ip="127.0.0.5", ssh_port=home.sshd.port, **said)


def test_the_program_leads_to_the_server(home: Home) -> None:
    """With the port that the fleet declares; the program ends with the connection."""
    home.write(f"Host 127.0.0.5\n ProxyCommand {BY_SSH}\n")
    before = home.sshd.log.count("Accepted publickey")
    words = came_from(home.fleet(gpu(home)))
    assert words[2:] == ["127.0.0.5", str(home.sshd.port)]
    assert home.sshd.log.count("Accepted publickey") == before + 2
    assert eventually(lambda: running(f"127.0.0.5:{home.sshd.port}") == [])


def test_a_declared_jump_wins(home: Home) -> None:
    home.write("Host 127.0.0.5\n ProxyCommand false\n")
    gate = Server(
        name="gate", server_ip="127.0.0.3", ssh_port=home.sshd.port,
        ssh_user=home.sshd.user, ssh_key_path=home.sshd.key_path,
    )  # fmt: skip
    fleet = home.fleet(gpu(home, ssh_jump="gate"), gate)
    assert came_from(fleet.where("gpu-01"))[2] == "127.0.0.5"


def test_the_way_to_a_jump_host_may_be_a_program(home: Home) -> None:
    home.write(f"Host 127.0.0.3\n ProxyCommand {BY_SSH}\n")
    gate = Server(
        name="gate", server_ip="127.0.0.3", ssh_port=home.sshd.port,
        ssh_user=home.sshd.user, ssh_key_path=home.sshd.key_path,
    )  # fmt: skip
    before = home.sshd.log.count("Accepted publickey")
    fleet = home.fleet(gpu(home, ssh_jump="gate"), gate)
    assert came_from(fleet.where("gpu-01"))[2] == "127.0.0.5"
    assert home.sshd.log.count("Accepted publickey") == before + 3


def test_a_program_that_fails_is_quoted_and_not_tried_again(home: Home) -> None:
    with closed_port() as fault:
        command = f"ssh -F none -o BatchMode=yes -p {fault.port} -W %h:%p {fault.address}"
        home.write(f"Host *\n ProxyCommand {command}\n")
        outcome = only(home.fleet(gpu(home)).sh("true"))
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, "proxy-command")
    assert f"-W 127.0.0.5:{home.sshd.port}" in outcome.why
    assert "it ended with 255: ssh: connect to host" in outcome.why
    assert outcome.cost.attempts == 1


def test_a_program_that_says_nothing_is_ended(home: Home) -> None:
    home.write("Host *\n ProxyCommand sh -c 'echo no way >&2; exec sleep 4000.{port}'\n")
    outcome = only(home.fleet(gpu(home)).sh("true"))
    assert outcome.code == "proxy-command"
    assert "silent for 1.5 s: no way" in outcome.why
    assert outcome.cost.attempts == 1
    assert eventually(lambda: running(f"sleep\x004000.{home.sshd.port}") == [])


def test_a_program_that_ends_well_without_a_word_is_tried_again(home: Home) -> None:
    """As where sshd behind it throttles: it hangs up, and the program sees nothing wrong."""
    home.write("Host *\n ProxyCommand true\n")
    outcome = only(home.fleet(gpu(home)).sh("true"))
    assert (outcome.code, outcome.cost.attempts) == ("throttled", QUICK.attempts)


def test_a_scan_takes_the_same_way(home: Home) -> None:
    home.write(f"Host 127.0.0.5\n ProxyCommand {BY_SSH}\n")
    fleet = home.fleet(gpu(home))
    (scanned,) = scan(fleet.site, fleet.servers, patience=QUICK)
    assert scanned.error is None
    assert scanned.fingerprint == home.sshd.host_key.fingerprint


def test_a_token_that_ssh_does_not_know_is_an_error(home: Home) -> None:
    home.write("Host *\n ProxyCommand nc %h %q\n")
    outcome = only(home.fleet(gpu(home)).sh("true"))
    assert outcome.code == "config"
    assert "ProxyCommand nc %h %q: %q is not filled in" in outcome.why


def test_ssh_itself_is_told_of_the_program(home: Home) -> None:
    """`dcov ssh` names the address that the alias leads to, so ssh would not find the block."""
    home.write("Host gpu-01\n HostName 127.0.0.5\n ProxyCommand nc %n 100%% %h %p\n")
    site = home.fleet(Server(name="gpu-01")).site
    assert "ProxyCommand=nc gpu-01 100%% 127.0.0.5 22" in ssh_argv(site, "gpu-01")


def test_no_ping_past_the_program(home: Home) -> None:
    home.write("Host *\n ProxyCommand nc %h %p\n")
    site = home.fleet(gpu(home)).site
    ways = Ways(site, ssh_config=SshConfig.load(home.folder / ".ssh" / "config"))
    assert ping(SimpleNamespace(name="gpu-01", login=ways.to("gpu-01").login)) is None
