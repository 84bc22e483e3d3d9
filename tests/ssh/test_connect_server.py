"""A connection to one server, outside of any run."""

from __future__ import annotations

import threading

import paramiko
import pytest
from ssh.fleets import Yard, eventually, login

from dcov.errors import LinkLostError, RefusedError
from dcov.testing import DelayProxy, closed_port


def links() -> int:
    """Count the connections of this process that are up."""
    found = (thread for thread in threading.enumerate() if isinstance(thread, paramiko.Transport))
    return sum(link.is_active() for link in found)


def test_several_commands_over_one_connection(yard: Yard) -> None:
    server = yard.fleet("gpu-01", "gpu-02")["gpu-02"]
    before = links()
    with server.connect() as session:
        done = session.run(("echo", "it's"), within=10, reads=True)
        assert (done.stdout, done.exit_code) == ("it's\n", 0)
        assert session.run(("false",), within=10, reads=True).exit_code == 1
        assert session.open_port(yard.sshd.port, within=5).recv(4) == b"SSH-"
        assert session.costs.connections == 1
        assert links() == before + 1
    assert eventually(lambda: links() == before)


def test_behind_a_jump_host_both_connections_end(yard: Yard) -> None:
    jump = yard.sshd.entry("gate", 9)
    fleet = yard.fleet_of(jump, login(yard.sshd.entry("gpu-01"), jump="gate"))
    before = links()
    with fleet["gpu-01"].connect() as session:
        assert session.run(("true",), within=10, reads=True).ok
        assert links() == before + 2
    assert eventually(lambda: links() == before)


def test_a_fleet_that_stays_connected_keeps_it(yard: Yard) -> None:
    logins = yard.sshd.log.count("Accepted publickey")
    with yard.fleet().connected() as near:
        assert near.sh("true").ok
        with near["gpu-01"].connect() as session:
            assert session.run(("true",), within=10, reads=True).ok
        assert near.sh("true").ok
    assert yard.sshd.log.count("Accepted publickey") == logins + 1


def test_the_first_use_says_why_there_is_none(yard: Yard) -> None:
    with closed_port() as nobody:
        entry = login(yard.sshd.entry("gpu-01"), address=nobody.address, port=nobody.port)
        server = yard.fleet_of(entry)["gpu-01"]
        with server.connect() as session, pytest.raises(RefusedError):
            session.run(("true",), within=10, reads=True)


def test_a_link_that_is_cut_is_named_with_its_address(yard: Yard) -> None:
    with DelayProxy(yard.sshd.port) as proxy:
        server = yard.fleet_of(login(yard.sshd.entry("gpu-01"), port=proxy.port))["gpu-01"]
        with server.connect() as session:
            assert session.run(("true",), within=10, reads=True).ok
            cutting = threading.Timer(0.5, proxy.cut)
            cutting.start()
            where = rf"the link to 127\.0\.0\.\d+:{proxy.port} broke during `sleep"
            with pytest.raises(LinkLostError, match=where):
                session.run(("sleep", "9.25"), within=20, reads=True)
            cutting.join()
