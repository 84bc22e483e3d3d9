"""Servers that greet and then stop answering: told from throttling, and not tried for minutes."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from ssh.fleets import QUICK, Yard, login, only

from dcov import Fleet, Status
from dcov.engine.options import Options
from dcov.inventory.site import Site
from dcov.ssh.scan import scan
from dcov.testing.faults import stalling_server
from dcov.testing.sshd import LoopbackSshd


def test_a_server_that_hangs_in_the_key_exchange(yard: Yard) -> None:
    """It is tried twice at most, and the others finish."""
    healthy, stalled = (yard.sshd.entry(f"gpu-{n:02}", n) for n in (1, 2))
    with stalling_server() as fault:
        fleet = yard.fleet_of(healthy, login(stalled, address=fault.address, port=fault.port))
        report = fleet.sh("true")
    outcome = report["gpu-02"]
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, "login-timeout")
    assert f"{fault.address}:{fault.port}" in outcome.why
    assert "the key exchange within 1.5 s" in outcome.why
    assert outcome.cost.attempts == 2
    assert outcome.seconds < 2 * QUICK.banner + 2
    assert report["gpu-01"].status is Status.OK


def test_a_scan_says_so_too(yard: Yard) -> None:
    with stalling_server() as fault:
        entry = login(yard.sshd.entry("gpu-01"), address=fault.address, port=fault.port)
        site = Site.of(entry, path=yard.folder)
        (scanned,) = scan(site, [entry], patience=QUICK)
    assert scanned.error is not None
    assert scanned.error.code == "login-timeout"


def test_a_server_that_hangs_while_it_looks_for_the_key(tmp_path: Path, state_home: Path) -> None:
    """As where the directory of users does not answer: no refusal, and no second try."""
    slow = {
        "AuthorizedKeysFile": "none",
        "AuthorizedKeysCommand": "/usr/bin/sleep 10",
        "AuthorizedKeysCommandUser": "root",
    }
    with LoopbackSshd(options=slow) as sshd:
        shutil.copy(sshd.known_hosts(["gpu-01"]), tmp_path / "known_hosts")
        options = Options(patience=QUICK)
        began = time.monotonic()
        fleet = Fleet(site=Site.of(sshd.entry("gpu-01"), path=tmp_path), options=options)
        outcome = only(fleet.sh("true"))
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, "login-timeout")
    assert f"the login by key {sshd.key_path} within 5 s" in outcome.why
    assert outcome.cost.attempts == 1
    assert time.monotonic() - began < QUICK.login + 4
