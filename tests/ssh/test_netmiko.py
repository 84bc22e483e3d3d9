"""nornir-netmiko on a fleet: its tasks run unchanged, and host keys are checked as dcov does."""

from __future__ import annotations

from pathlib import Path

import paramiko
import pytest
from nornir_netmiko.tasks import netmiko_send_command
from ssh.fleets import Yard

from dcov import Status


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_a_command_on_every_server(yard: Yard) -> None:
    """The device type is `linux` where the inventory says no other."""
    report = yard.fleet("gpu-01", "gpu-02").run(netmiko_send_command, command_string="echo well")
    assert report.summary == "2 ok"
    assert {outcome.value.strip() for outcome in report.outcomes} == {"well"}


def test_in_a_nornir_that_a_fleet_gives(yard: Yard) -> None:
    nornir = yard.fleet("gpu-01").nornir
    results = nornir.run(task=netmiko_send_command, command_string="echo well")
    nornir.close_connections()
    assert results["gpu-01"][0].result.strip() == "well"


@pytest.mark.parametrize("line", ["", "gpu-02 {other}", "@revoked gpu-02 {own}\ngpu-02 {own}"])
def test_nobody_is_logged_in_to_whose_key_is_not_trusted(yard: Yard, line: str) -> None:
    """Unknown, another, or revoked: nothing is offered there, and the others are asked."""
    fleet = yard.fleet("gpu-01", "gpu-02", "gpu-03")
    known = yard.folder / "known_hosts"
    kept = [old for old in known.read_text().splitlines() if not old.startswith("gpu-02")]
    own = yard.sshd.host_key
    other = paramiko.ECDSAKey.generate()
    keys = {"own": own, "other": other}
    texts = {name: f"{key.get_name()} {key.get_base64()}" for name, key in keys.items()}
    known.write_text("\n".join([*kept, line.format(**texts)]) + "\n")
    accepted = yard.sshd.log.count("Accepted publickey")
    report = fleet.run(netmiko_send_command, command_string="echo well")
    assert report.summary == "2 ok, 1 failed"
    assert report["gpu-02"].status is Status.FAILED
    assert yard.sshd.log.count("Accepted publickey") == accepted + 2
