"""What a connection is made of: the socket, the algorithms, who is asked for a key, and when."""

from __future__ import annotations

import logging
import random
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import paramiko
import pytest
from ssh.fleets import QUICK, Yard, login, only

from dcov import Status
from dcov.ssh.link import LOG
from dcov.ssh.links import Patience
from dcov.testing import hanging_up_server


@pytest.fixture
def transport(yard: Yard, caplog: pytest.LogCaptureFixture) -> Iterator[paramiko.Transport]:
    """Connect to a server of a fleet, and give paramiko's end of it; what it logs is kept."""
    caplog.set_level(logging.DEBUG, LOG)
    before = set(threading.enumerate())
    with yard.fleet()["gpu-01"].connect() as session:
        assert session.run(("true",), within=10, reads=True).ok
        (link,) = (
            thread
            for thread in set(threading.enumerate()) - before
            if isinstance(thread, paramiko.Transport)
        )
        yield link


def test_the_socket_sends_at_once_and_notices_a_dead_peer(transport: paramiko.Transport) -> None:
    """Within half a minute, idle or not, and not after the kernel's quarter of an hour."""
    line = transport.sock._line
    assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
    idle, every, count = (
        line.getsockopt(socket.IPPROTO_TCP, option)
        for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
    )
    assert idle + every * count <= 30


def test_the_cheapest_safe_algorithms_are_agreed_on(
    transport: paramiko.Transport, caplog: pytest.LogCaptureFixture
) -> None:
    """An sshd of our days has them all, so our first choice is taken."""
    logged = [record.getMessage() for record in caplog.get_records("setup")]
    assert [text for text in logged if text.startswith("Kex: ")] == [
        "Kex: curve25519-sha256@libssh.org"
    ]
    assert transport.local_cipher == transport.remote_cipher == "aes128-gcm@openssh.com"


@pytest.fixture
def agent(tmp_path: Path, yard: Yard, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Run a real ssh-agent that holds the key which the servers accept."""
    place = tmp_path / "agent.sock"
    process = subprocess.Popen(("ssh-agent", "-D", "-a", place), stdout=subprocess.DEVNULL)
    while not place.exists():
        assert process.poll() is None
    monkeypatch.setenv("SSH_AUTH_SOCK", str(place))
    subprocess.run(("ssh-add", "-q", yard.sshd.key_path), check=True)
    yield place
    process.terminate()
    process.wait()


@pytest.fixture
def wrong_key(tmp_path: Path) -> Path:
    path = tmp_path / "wrong"
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path), check=True)
    return path


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Put a listener in the agent's place that answers nothing, and count who comes."""
    came: list[int] = []
    place = tmp_path / "counter.sock"
    monkeypatch.setenv("SSH_AUTH_SOCK", str(place))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        listener.listen()

        def count() -> None:
            with suppress(OSError):  # it was shut down
                while True:
                    listener.accept()[0].close()
                    came.append(1)

        thread = threading.Thread(target=count)
        thread.start()
        yield came
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_where_a_key_is_configured_the_agent_is_left_alone(
    yard: Yard, wrong_key: Path, asked: list[int]
) -> None:
    """Also where that key is refused: nobody's other keys are offered to a server unasked."""
    entry = login(yard.sshd.entry("gpu-01"), agent=None)
    assert only(yard.fleet_of(entry).sh("true")).status is Status.OK
    refused = only(yard.fleet_of(login(entry, key_path=wrong_key)).sh("true"))
    assert refused.code == "auth-refused"
    assert refused.why.count(str(wrong_key)) == 1
    assert asked == []


def test_where_no_key_is_configured_the_agent_is_asked(yard: Yard, asked: list[int]) -> None:
    entry = login(yard.sshd.entry("gpu-01"), key_path=None, agent=None)
    assert only(yard.fleet_of(entry).sh("true")).code == "auth-refused"
    assert asked == [1]


@pytest.mark.usefixtures("agent")
def test_the_configured_key_comes_before_those_of_the_agent(yard: Yard, wrong_key: Path) -> None:
    """With `ssh.agent` on, both are tried, and the server hears of the configured one first."""
    subprocess.run(("ssh-add", "-q", "-D"), check=True)
    other = wrong_key.with_name("other")
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other), check=True)
    subprocess.run(("ssh-add", "-q", other), check=True)
    entry = login(yard.sshd.entry("gpu-01"), key_path=wrong_key, agent=True)
    why = only(yard.fleet_of(entry).sh("true")).why
    assert f"key {wrong_key}, agent key SHA256:" in why
    subprocess.run(("ssh-add", "-q", yard.sshd.key_path), check=True)
    assert only(yard.fleet_of(entry).sh("true")).status is Status.OK


@pytest.mark.parametrize(("attempt", "bound"), [(0, 0.25), (1, 0.5), (4, 4.0), (5, 8.0), (9, 8.0)])
def test_a_pause_is_anything_up_to_a_bound_that_doubles(attempt: int, bound: float) -> None:
    """Full jitter: a crowd that was dropped at one moment comes back over all of the time."""
    random.seed(20)
    pauses = [Patience().pause(attempt) for _ in range(2000)]
    assert 0 <= min(pauses) < 0.01 * bound
    assert 0.99 * bound < max(pauses) <= bound
    assert sum(pauses) / len(pauses) == pytest.approx(bound / 2, rel=0.05)


class Noting(Patience):
    """Draws as ever, and notes what it has drawn."""

    drawn: dict[int, float] = {}  # noqa: RUF012  # a slot is not to be had in a frozen value

    def pause(self, attempt: int) -> float:
        self.drawn[attempt] = Patience.pause(self, attempt)
        return self.drawn[attempt]


def test_so_long_is_waited_between_two_logins(yard: Yard) -> None:
    """The bound doubles from one to the next; after the last nothing is waited for."""
    patience = Noting(banner=QUICK.banner, first_pause=0.4, attempts=4)
    Noting.drawn.clear()
    with hanging_up_server() as fault:
        entry = login(yard.sshd.entry("gpu-01"), address=fault.address, port=fault.port)
        began = time.monotonic()
        outcome = only(yard.fleet_of(entry, patience=patience).sh("true"))
        seconds = time.monotonic() - began
    assert outcome.code == "throttled"
    assert list(Noting.drawn) == [0, 1, 2]
    assert all(pause <= 0.4 * 2**attempt for attempt, pause in Noting.drawn.items())
    assert sum(Noting.drawn.values()) <= seconds < sum(Noting.drawn.values()) + 3
