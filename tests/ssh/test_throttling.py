"""An sshd that drops logins because there are too many: MaxStartups of sshd_config(5)."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from ssh.fleets import QUICK, Yard, login, only

from dcov import Fleet, Status
from dcov.engine.options import Options
from dcov.inventory.entry import Entry
from dcov.inventory.site import Site
from dcov.ssh.links import Patience
from dcov.testing.faults import hanging_up_server
from dcov.testing.sshd import LoopbackSshd

PATIENT = Patience(first_pause=0.05, longest_pause=2.0, attempts=14)


def fleet_on(busy: LoopbackSshd, folder: Path, *entries: Entry) -> Fleet:
    """Make a fleet of entries on this sshd alone."""
    known = busy.known_hosts([entry.name for entry in entries])
    (folder / "known_hosts").write_bytes(known.read_bytes())
    return Fleet(site=Site.of(*entries, path=folder), options=Options(patience=PATIENT))


@contextmanager
def strangers(busy: LoopbackSshd, number: int, *, stay: float) -> Iterator[None]:
    """Have connections that do not log in, for so long."""
    links = [socket.create_connection(("127.0.0.1", busy.port)) for _ in range(number)]
    for link in links:
        assert link.recv(64).startswith(b"SSH-")
    leaving = threading.Timer(stay, lambda: [link.close() for link in links])
    leaving.start()
    yield
    leaving.join()


def test_a_jump_host_that_drops_logins_costs_attempts_and_no_server(tmp_path: Path) -> None:
    """Each server that had to wait for its jump host has the attempts in its report."""
    with LoopbackSshd(options={"MaxStartups": "2:100:2"}) as busy, LoopbackSshd() as calm:
        gate = busy.entry("gate", 99)
        behind = [calm.entry(f"gpu-{n:02}", n, jump="gate") for n in range(1, 6)]
        fleet = fleet_on(busy, tmp_path, gate, *behind)
        with (tmp_path / "known_hosts").open("a") as known:
            known.write(calm.known_hosts([entry.name for entry in behind]).read_text())
        with strangers(busy, 2, stay=1.0):
            report = fleet.where("gpu-*").sh("true")
    assert report.summary == "5 ok"
    for outcome in report.outcomes:
        assert (outcome.cost.connections, outcome.cost.attempts > 1) == (1, True)


def test_servers_that_drop_logins_behind_a_jump_host(tmp_path: Path) -> None:
    """A line through the jump host that ends before the banner is opened again."""
    with LoopbackSshd(options={"MaxStartups": "2:100:2"}) as busy:
        gate = busy.entry("gate", 99)
        behind = [busy.entry(f"gpu-{n:02}", n, jump="gate") for n in range(1, 21)]
        report = fleet_on(busy, tmp_path, gate, *behind).where("gpu-*").sh("true")
    assert report.summary == "20 ok"
    assert sum(outcome.cost.attempts for outcome in report.outcomes) > 20


def test_few_servers_behind_a_jump_host_log_in_at_once(tmp_path: Path) -> None:
    """A crowd behind one jump host stays below what sshd allows by default, ten at a time."""
    with LoopbackSshd(options={"MaxStartups": "10:100:10"}) as busy:
        gate = busy.entry("gate", 99)
        behind = [busy.entry(f"gpu-{n:02}", n, jump="gate") for n in range(1, 31)]
        report = fleet_on(busy, tmp_path, gate, *behind).where("gpu-*").sh("true")
    assert report.summary == "30 ok"
    dropped = sum(outcome.cost.attempts for outcome in report.outcomes) - 30
    assert dropped < 5  # sshd hears of a login's end a moment after us


@pytest.mark.parametrize("attempts", [1, 4])
def test_one_that_drops_every_login_is_given_up(yard: Yard, attempts: int) -> None:
    """After as many attempts as there is patience for; the report and the error say how many."""
    with hanging_up_server() as fault:
        entry = login(yard.sshd.entry("gpu-01"), address=fault.address, port=fault.port)
        patience = Patience(banner=QUICK.banner, first_pause=0.02, attempts=attempts)
        outcome = only(yard.fleet_of(entry, patience=patience).sh("true"))
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, "throttled")
    assert outcome.cost.attempts == attempts
    assert f"{attempts} " in outcome.why


@contextmanager
def ending(*, banner: bytes, reset: bool) -> Iterator[int]:
    """Greet each connection so and end it at once: a firewall, or a service that is stopping."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError):  # the listener was shut down
                while True:
                    link, _ = listener.accept()
                    link.sendall(banner)
                    time.sleep(0.1)  # for the other end to see that it is connected
                    if reset:  # the kernel's RST, as for a process that was killed
                        link.setsockopt(
                            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                        )
                    link.close()

        thread = threading.Thread(target=accept)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("banner", [b"", b"SSH-2.0-OpenSSH_9.2\r\n"], ids=["silent", "greeted"])
@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_however_a_login_is_dropped_it_is_tried_again(
    yard: Yard,
    banner: bytes,
    reset: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    """A connection that ends before authentication, by a close or a reset, is not the last."""
    with ending(banner=banner, reset=reset) as port:
        entry = login(yard.sshd.entry("gpu-01"), port=port)
        outcome = only(yard.fleet_of(entry).sh("true"))
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, "throttled")
    assert outcome.cost.attempts == QUICK.attempts


def test_an_sshd_that_dies_in_the_middle_of_a_login_is_asked_again(
    tmp_path: Path,
    own_machine: bool,  # noqa: FBT001  # a fixture
) -> None:
    """Before it has refused anything, an end of the connection is no refusal."""
    if not own_machine:
        pytest.skip("sshd runs only root's programs, from a folder that is root's alone")
    command = Path("/etc/dcov-test-keys")
    flag = tmp_path / "died"
    with LoopbackSshd() as keys:
        command.write_text(
            f"#!/bin/sh\n[ -e {flag} ] || {{ touch {flag}; kill -KILL $PPID; }}\n"
            f"cat {keys.folder}/authorized_keys\n"
        )
        command.chmod(0o755)
        options = {
            "AuthorizedKeysCommand": str(command),
            "AuthorizedKeysCommandUser": "root",
            "AuthorizedKeysFile": "none",
        }
        with LoopbackSshd(options=options) as dying:
            entry = login(dying.entry("gpu-01"), key_path=keys.key_path)
            outcome = only(fleet_on(dying, tmp_path, entry).sh("true"))
    command.unlink()
    assert outcome.status is Status.OK, outcome.why
    assert outcome.cost.attempts == 2
