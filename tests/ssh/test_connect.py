"""Logging in: each way to fail has a name of its own, and harms no other server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import paramiko
import pytest
from ssh.fleets import QUICK, Yard, eventually, login, only

from dcov import Fleet, Secret, Status
from dcov.engine.options import Options
from dcov.inventory.entry import Entry
from dcov.inventory.site import Site
from dcov.ssh.links import Patience
from dcov.testing.faults import (
    Fault,
    closed_port,
    dropping_address,
    foreign_server,
    hanging_up_server,
    silent_server,
)
from dcov.testing.sshd import LoopbackSshd

BROKEN: dict[str, tuple[Any, str]] = {
    "connection-refused": (closed_port, "ssh_port"),
    "connect-timeout": (dropping_address, "firewall"),
    "no-banner": (silent_server, "another service"),
    "throttled": (hanging_up_server, "MaxStartups"),
}


HINTS = {
    "host-key-unknown": "dcov keys scan gpu-02",
    "host-key-changed": "dcov keys approve",
    "host-key-revoked": "a new host key",
}


def broken_among_healthy(yard: Yard, **changes: Any) -> tuple[Any, Any]:
    """Run on three servers the second of which is broken; return its outcome and the report."""
    first, broken, last = (yard.sshd.entry(f"gpu-{n:02}", n) for n in (1, 2, 3))
    fleet = yard.fleet_of(first, login(broken, **changes), last)
    report = fleet.sh("echo well")
    for name in ("gpu-01", "gpu-03"):
        assert report[name].status is Status.OK, report[name].why
        assert report[name].value.stdout == "well\n"
    return report["gpu-02"], report


@pytest.mark.parametrize("code", BROKEN)
def test_a_broken_server_is_named_and_the_others_finish(yard: Yard, code: str) -> None:
    """Each fault of the way to sshd has its own code, names the server, and says what to do."""
    make, hint = BROKEN[code]
    making: AbstractContextManager[Fault] = make()
    with making as fault:
        outcome, report = broken_among_healthy(yard, address=fault.address, port=fault.port)
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, code)
    assert outcome.why.startswith("gpu-02: ")
    assert f"{fault.address}:{fault.port}" in outcome.why
    assert hint in outcome.hint
    assert report.summary == "2 ok, 1 unreachable"


def test_another_service_on_the_port_is_quoted(yard: Yard) -> None:
    """What is no SSH banner is shown, so that the operator sees who answers there."""
    with foreign_server() as fault:
        outcome, _ = broken_among_healthy(yard, address=fault.address, port=fault.port)
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, "no-banner")
    assert "HTTP/1.1 400 Bad Request" in outcome.why


def test_a_name_without_an_address(yard: Yard) -> None:
    """The resolver's own words are in the cause."""
    outcome, _ = broken_among_healthy(yard, address="no-such-server.invalid")
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, "unresolvable")
    assert "no-such-server.invalid" in outcome.why
    assert "server_ip" in outcome.hint


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("", "host-key-unknown"),
        ("gpu-02 {other}", "host-key-changed"),
        ("@revoked gpu-02 {own}", "host-key-revoked"),
    ],
)
def test_a_host_key_that_is_not_trusted(yard: Yard, tmp_path: Path, line: str, code: str) -> None:
    """Nobody is logged in to, and nothing is offered, where the host key is not the known one."""
    other = paramiko.Ed25519Key.from_path(_key(tmp_path, "other"))
    texts = {
        "own": f"{yard.sshd.host_key.get_name()} {yard.sshd.host_key.get_base64()}",
        "other": f"{other.get_name()} {other.get_base64()}",
    }
    fleet = yard.fleet("gpu-01", "gpu-02", "gpu-03")
    known = yard.folder / "known_hosts"
    kept = [old for old in known.read_text().splitlines() if not old.startswith("gpu-02")]
    known.write_text("\n".join([*kept, line.format(**texts)]) + "\n")
    accepted = yard.sshd.log.count("Accepted publickey")
    report = fleet.sh("true")
    outcome = report["gpu-02"]
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, code)
    shown = "" if code != "host-key-unknown" else yard.sshd.host_key.fingerprint
    assert shown in outcome.why
    assert HINTS[code] in outcome.hint
    assert report.summary == "2 ok, 1 unreachable"
    assert yard.sshd.log.count("Accepted publickey") == accepted + 2


def test_a_new_host_key_is_taken_on_trust_and_written_down(yard: Yard) -> None:
    """With accept_new an unknown server is enrolled: the next run is strict again and knows it."""
    fleet = yard.fleet()
    known = yard.folder / "known_hosts"
    known.write_text("")
    assert only(fleet.sh("true")).code == "host-key-unknown"
    assert only(fleet.using(accept_new=True).sh("true")).status is Status.OK
    assert "gpu-01" in known.read_text()
    assert only(fleet.sh("true")).status is Status.OK


def _key(folder: Path, name: str) -> Path:
    path = folder / name
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path), check=True)
    return path


def established(port: int) -> list[str]:
    """List this machine's connections to a port of its own."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return [line for line in lines if line.split()[2].endswith(f":{port:04X}")
            and line.split()[3] == "01"]  # fmt: skip


def test_where_nobody_logs_in_the_connection_is_closed(tmp_path: Path, yard: Yard) -> None:
    """Or a stranger's sshd, and one that refused us, would keep a session for minutes."""
    with LoopbackSshd() as own:
        stranger, refusing = own.entry("gpu-01"), own.entry("gpu-02", 2)
        refusing = login(refusing, key_path=_key(tmp_path, "stranger"))
        fleet = _fleet(tmp_path, own, stranger, refusing)
        known = tmp_path / "known_hosts"
        lines = [line for line in known.read_text().splitlines() if line.startswith("gpu-02 ")]
        known.write_text("\n".join(lines) + "\n")
        report = fleet.sh("true")
        codes = [outcome.code for outcome in report.outcomes]
        assert codes == ["host-key-unknown", "auth-refused"]
        assert eventually(lambda: established(own.port) == [], within=3)


def test_a_server_that_knows_only_weak_ciphers(tmp_path: Path, yard: Yard) -> None:
    """Nothing of CBC or SHA-1 is agreed on; the error has both sides' words."""
    with LoopbackSshd(options={"Ciphers": "aes128-cbc"}) as old:
        outcome = only(_fleet(tmp_path, old, old.entry("gpu-01")).sh("true"))
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, "legacy-algorithms")
    assert "cipher" in outcome.why
    assert outcome.hint


def test_a_key_that_the_server_does_not_accept(yard: Yard, tmp_path: Path) -> None:
    """The error names the user and every key that was offered."""
    key = _key(tmp_path, "stranger")
    outcome, _ = broken_among_healthy(yard, key_path=key)
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, "auth-refused")
    assert str(key) in outcome.why
    assert yard.sshd.user in outcome.why
    assert "dcov keys deploy" in outcome.hint


def test_nothing_to_log_in_with(yard: Yard) -> None:
    """A server for which nothing is configured says just that."""
    outcome, _ = broken_among_healthy(yard, key_path=None)
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, "auth-refused")
    assert "nothing" in outcome.why


def test_a_key_file_that_is_none(yard: Yard, tmp_path: Path) -> None:
    """A missing or broken key file is an error of the configuration that names the file."""
    (tmp_path / "rubbish").write_text("no key\n")
    for name, words in (("absent", "no such key file"), ("rubbish", "not a private key")):
        outcome, _ = broken_among_healthy(yard, key_path=tmp_path / name)
        assert outcome.code == "config"
        assert name in outcome.why
        assert words in outcome.why


def test_too_many_keys_are_no_throttling(tmp_path: Path, yard: Yard, agent: Path) -> None:
    """A server that hangs up after MaxAuthTries refusals has refused us: it is not asked again."""
    for n in range(4):
        subprocess.run(("ssh-add", "-q", _key(tmp_path, f"k{n}")), check=True)
    with LoopbackSshd(options={"MaxAuthTries": "2"}) as strict:
        entry = login(strict.entry("gpu-01"), key_path=None, agent=True)
        outcome = only(_fleet(tmp_path, strict, entry).sh("true"))
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, "auth-refused")
    assert outcome.cost.attempts == 1


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Start a real ssh-agent for this test."""
    said = subprocess.run(("ssh-agent", "-s"), check=True, capture_output=True, text=True).stdout
    found = dict(re.findall(r"(SSH_\w+)=([^;]+);", said))
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    yield Path(found["SSH_AUTH_SOCK"])
    os.kill(int(found["SSH_AGENT_PID"]), 15)


def test_a_key_of_the_agent(yard: Yard, agent: Path) -> None:
    """The agent is asked where no key is configured, and not where one is."""
    subprocess.run(("ssh-add", "-q", yard.sshd.key_path), check=True)
    entry = yard.sshd.entry("gpu-01")
    by_agent = yard.fleet_of(login(entry, key_path=None, agent=None))
    assert only(by_agent.sh("echo hi")).status is Status.OK
    never = yard.fleet_of(login(entry, key_path=None, agent=False))
    assert only(never.sh("true")).code == "auth-refused"


def test_a_password(yard: Yard, tmp_path: Path) -> None:
    """A password logs in where it is right; where it is wrong the error does not contain it."""
    subprocess.run(("useradd", "-m", "--shell", "/bin/sh", "pat"), check=False)
    subprocess.run(("chpasswd",), input="pat:correct horse\n", text=True, check=True)
    with LoopbackSshd(options={"PasswordAuthentication": "yes"}) as open_sshd:
        entry = login(
            open_sshd.entry("gpu-01"), user="pat", key_path=None, password=Secret("correct horse")
        )
        outcome = only(_fleet(tmp_path, open_sshd, entry).sh("id -un; echo correct horse"))
        assert outcome.value.stdout == "pat\n***\n"
        wrong = login(entry, password=Secret("battery staple"))
        refused = only(_fleet(tmp_path, open_sshd, wrong).sh("true"))
    assert refused.code == "auth-refused"
    assert "password" in refused.why
    assert "staple" not in repr(refused)


def _fleet(folder: Path, sshd: LoopbackSshd, *entries: Entry, **options: Any) -> Fleet:
    """Make a fleet on a server of the test's own."""
    shutil.copy(sshd.known_hosts([entry.name for entry in entries]), folder / "known_hosts")
    options.setdefault("patience", QUICK)
    return Fleet(site=Site.of(*entries, path=folder), options=Options(**options))


def test_throttling_is_absorbed(tmp_path: Path, yard: Yard) -> None:
    """An sshd that drops all logins above two at once costs attempts, not servers."""
    with LoopbackSshd(options={"MaxStartups": "2:100:2"}) as busy:
        entries = [busy.entry(f"gpu-{n:02}", n) for n in range(1, 31)]
        patience = Patience(first_pause=0.05, longest_pause=2.0, attempts=12)
        report = _fleet(tmp_path, busy, *entries, workers=30, patience=patience).sh("true")
    assert report.summary == "30 ok"
    assert sum(outcome.cost.attempts for outcome in report.outcomes) > 30


def test_a_jump_host_leads_to_servers_behind_it(yard: Yard) -> None:
    """Many servers share one connection to their jump host."""
    gate = yard.sshd.entry("gate", 9)
    behind = [yard.sshd.entry(f"gpu-{n:02}", n, jump="gate") for n in range(1, 13)]
    fleet = yard.fleet_of(gate, *behind)
    before = yard.sshd.log.count("Accepted publickey")
    report = fleet.where("gpu-*").sh("true")
    assert report.summary == "12 ok"
    assert yard.sshd.log.count("Accepted publickey") == before + 13


def test_no_line_through_a_jump_host_is_cut_by_another_that_ends(yard: Yard) -> None:
    """sshd hangs up on all when data comes for a channel that was closed already."""
    gate = yard.sshd.entry("gate", 9)
    behind = [yard.sshd.entry(f"gpu-{n:02}", n, jump="gate") for n in range(1, 13)]
    fleet = yard.fleet_of(gate, *behind).where("gpu-*")
    for _ in range(12):
        assert fleet.sh("true").summary == "12 ok"
    assert "nonexistent channel" not in yard.sshd.log


def test_a_jump_host_that_is_down(yard: Yard) -> None:
    """The error is about the server and names the jump host and what is wrong with it."""
    with closed_port() as fault:
        gate = login(yard.sshd.entry("gate", 9), address=fault.address, port=fault.port)
        behind = yard.sshd.entry("gpu-01", 1, jump="gate")
        fleet = yard.fleet_of(gate, behind, yard.sshd.entry("gpu-02", 2))
        report = fleet.where("gpu-*").sh("true")
    outcome = report["gpu-01"]
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, "jump-host")
    assert "gate" in outcome.why
    assert "refused" in outcome.why
    assert "dcov servers check gate" in outcome.hint
    assert report["gpu-02"].status is Status.OK


def test_a_jump_host_that_forwards_nothing(tmp_path: Path, yard: Yard) -> None:
    """A jump host's refusal to forward is told from a server that is down behind it."""
    with LoopbackSshd(options={"AllowTcpForwarding": "no"}) as closed:
        gate, behind = closed.entry("gate", 9), closed.entry("gpu-01", 1, jump="gate")
        outcome = _fleet(tmp_path, closed, gate, behind).where("gpu-01").sh("true")["gpu-01"]
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, "jump-host")
    assert "it says: Administratively prohibited" in outcome.why
    with closed_port() as fault:
        lost = login(yard.sshd.entry("gpu-01", 1, jump="gate"), port=fault.port)
        fleet = yard.fleet_of(yard.sshd.entry("gate", 9), lost)
        outcome = fleet.where("gpu-01").sh("true")["gpu-01"]
    assert outcome.code == "jump-host"
    assert "it says: Connect failed" in outcome.why


def test_a_server_behind_a_jump_host_that_does_not_answer(yard: Yard) -> None:
    """The jump host would wait for two minutes; we do not, and say how long we have waited."""
    with dropping_address() as fault:
        lost = login(yard.sshd.entry("gpu-01", 1, jump="gate"), port=fault.port)
        fleet = yard.fleet_of(yard.sshd.entry("gate", 9), lost, yard.sshd.entry("gpu-02", 2))
        report = fleet.where("gpu-*").sh("true")
    outcome = report["gpu-01"]
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, "jump-host")
    assert f"no answer within {QUICK.connect:.0f} s" in outcome.why
    assert outcome.seconds < QUICK.connect + 3
    assert report["gpu-02"].status is Status.OK
