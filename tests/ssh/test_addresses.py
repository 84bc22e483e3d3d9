"""Names and addresses, by this process's own /etc/resolv.conf and /etc/hosts."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from ssh.fleets import Yard, login, only

from dcov import Status
from dcov.ssh.links import Patience
from dcov.ssh.tcp import dial

SILENT = "127.0.53.53"


@pytest.fixture(autouse=True)
def own_etc(own_machine: bool) -> None:  # noqa: FBT001  # a fixture
    if not own_machine:
        pytest.skip("writes to an /etc of its own, so it needs root")


@contextmanager
def written(path: str, text: str) -> Iterator[None]:
    """Have this text in a file of /etc."""
    file = Path(path)
    before = file.read_bytes() if file.exists() else None
    file.write_text(text)
    try:
        yield
    finally:
        if before is None:
            file.unlink()
        else:
            file.write_bytes(before)


def test_a_resolver_that_says_nothing_is_not_waited_for(yard: Yard) -> None:
    """The resolver has no deadline of its own that could be set; ours holds, and says so."""
    entry = login(yard.sshd.entry("gpu-01"), address="gpu-01.example")
    fleet = yard.fleet_of(entry, patience=Patience(connect=1.0))
    said = f"nameserver {SILENT}\noptions timeout:5 attempts:1\n"
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf,
        written("/etc/resolv.conf", said),
    ):
        deaf.bind((SILENT, 53))
        outcome = only(fleet.sh("true"))
        assert deaf.recv(512)  # it was asked
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, "unresolvable")
    assert "no answer in time" in outcome.why
    assert outcome.seconds < 3


def test_the_next_address_of_a_name_is_tried(yard: Yard) -> None:
    """Where sshd listens on one address only, a name that has another one too leads to it."""
    entry = login(yard.sshd.entry("gpu-01"), address="two-faced.example")
    fleet = yard.fleet_of(entry)
    with written("/etc/hosts", "::1 two-faced.example\n127.0.0.1 two-faced.example\n"):
        found = socket.getaddrinfo("two-faced.example", 22, type=socket.SOCK_STREAM)
        assert [place[4][0] for place in found] == ["::1", "127.0.0.1"]
        assert only(fleet.sh("true")).status is Status.OK


@contextmanager
def dropping(port: int) -> Iterator[None]:
    """Drop what is sent to this port of ::1: the queue of a listener that never accepts is full."""
    with socket.socket(socket.AF_INET6) as listener:
        listener.bind(("::1", port))
        listener.listen(0)
        waiting = [socket.socket(socket.AF_INET6) for _ in range(4)]
        for knock in waiting:
            knock.setblocking(False)
            with suppress(BlockingIOError):
                knock.connect(("::1", port))
        try:
            yield
        finally:
            for knock in waiting:
                knock.close()


def test_an_address_that_drops_leaves_time_for_the_next(yard: Yard) -> None:
    """As where a name has an address of IPv6, too, and a firewall on the way there."""
    name, port, within = "half-there.example", yard.sshd.port, 4.0
    with written("/etc/hosts", f"::1 {name}\n127.0.0.1 {name}\n"), dropping(port):
        began = time.monotonic()
        dial("gpu-01", address=name, port=port, within=within).close()
        seconds = time.monotonic() - began
    assert within / 2 <= seconds < within  # half of the time was the first one's


@pytest.mark.parametrize("address", ["a" * 64 + ".example", "fe80::1%nothing"])
def test_what_no_resolver_takes_is_unresolvable(yard: Yard, address: str) -> None:
    """A label longer than the 63 letters of RFC 1035, and an interface that is not there."""
    outcome = only(yard.fleet_of(login(yard.sshd.entry("gpu-01"), address=address)).sh("true"))
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, "unresolvable")
    assert "no answer in time" not in outcome.why
