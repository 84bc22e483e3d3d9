"""The servers that the tests run against: what they promise to a test's author."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dcov.testing.faults import (
    closed_port,
    dropping_address,
    foreign_server,
    hanging_up_server,
    silent_server,
)
from dcov.testing.proxy import DelayProxy
from dcov.testing.sshd import LoopbackSshd

KILLED = """
import os, signal
from dcov.testing.sshd import LoopbackSshd
with LoopbackSshd() as sshd:
    print(sshd.port, sshd.folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def ssh(sshd: LoopbackSshd, *command: str, n: int = 1, port: int = 0) -> subprocess.Popen[str]:
    login = sshd.login(n)
    options = {
        "HostKeyAlias": "gpu-01",
        "UserKnownHostsFile": sshd.known_hosts(["gpu-01"]),
        "StrictHostKeyChecking": "yes",
        "IdentityFile": login.key_path,
        "BatchMode": "yes",
        "Port": port or login.port,
        "User": login.user,
    }
    words = [word for option, value in options.items() for word in ("-o", f"{option}={value}")]
    return subprocess.Popen(
        ("ssh", "-F", "none", *words, login.address, *command),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def connect(port: int, *, within: float = 5.0) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=within)


def drain(link: socket.socket) -> None:
    while link.recv(4096):
        pass


@pytest.mark.parametrize("n", [1, 2, 300, 70_000])
def test_every_address_is_a_server_with_known_keys(loopback_sshd, n: int) -> None:
    out, error = ssh(loopback_sshd, "echo", "$SSH_CONNECTION", n=n).communicate(timeout=20)
    assert loopback_sshd.address(n) in out, error


def test_an_entry_is_ready_for_a_fleet(loopback_sshd) -> None:
    entry = loopback_sshd.entry("gpu-07", 7)
    assert (entry.name, entry.login.place) == ("gpu-07", f"127.0.0.7:{loopback_sshd.port}")


def test_options_win_over_the_defaults_and_wrong_ones_are_told() -> None:
    with (
        LoopbackSshd(options={"MaxStartups": "1:100:1"}, host_key_types=["ed25519"]) as sshd,
        connect(sshd.port) as first,
        connect(sshd.port) as second,
    ):
        assert first.recv(4) == b"SSH-"
        assert not second.recv(4).startswith(b"SSH-")
    with pytest.raises(OSError, match="Bogus"):
        LoopbackSshd(options={"Bogus": "1"}).__enter__()


def test_connections_can_be_dropped_and_the_server_goes_on(loopback_sshd) -> None:
    client = ssh(loopback_sshd, "echo ready; sleep 60")
    assert client.stdout.readline() == "ready\n"
    loopback_sshd.drop_connections()
    client.communicate(timeout=10)
    assert client.returncode == 255
    assert ssh(loopback_sshd, "echo again").communicate(timeout=20)[0] == "again\n"


def test_nothing_is_left_of_a_server_whose_tests_were_killed() -> None:
    done = subprocess.run(
        (sys.executable, "-c", KILLED), check=False, capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    port, folder = done.stdout.split()
    deadline = time.monotonic() + 5
    while _listens(int(port)) or Path(folder).exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_closing_leaves_no_process_and_no_file() -> None:
    with LoopbackSshd(host_key_types=["ed25519"]) as sshd:
        client = ssh(sshd, "echo ready; sleep 60")
        assert client.stdout.readline() == "ready\n"
    client.communicate(timeout=10)
    assert not sshd.folder.exists()
    commands = (path for path in Path("/proc").glob("[0-9]*/cmdline"))
    assert not any(str(sshd.folder) in _text(path) for path in commands)
    sshd.close()


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def test_a_silent_server_says_nothing() -> None:
    with (
        silent_server() as fault,
        connect(fault.port, within=0.2) as link,
        pytest.raises(TimeoutError),
    ):
        link.recv(1)


def test_a_foreign_server_speaks_no_ssh() -> None:
    with foreign_server() as fault, connect(fault.port) as link:
        assert link.recv(8).startswith(b"HTTP")


def test_a_server_that_hangs_up_ends_the_connection() -> None:
    with hanging_up_server() as fault, connect(fault.port) as link:
        assert link.recv(1) == b""


def test_a_closed_port_refuses() -> None:
    with closed_port() as fault, pytest.raises(ConnectionRefusedError):
        connect(fault.port)


def test_a_dropping_address_lets_a_connection_time_out() -> None:
    with dropping_address() as fault:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                connect(fault.port, within=0.2)


def test_a_proxy_adds_its_delay_each_way(loopback_sshd) -> None:
    with DelayProxy(loopback_sshd.port, delay=0.1) as proxy, connect(proxy.port) as link:
        link.recv(100)  # the banner
        start = time.monotonic()
        link.sendall(b"rubbish\r\n")
        assert link.recv(100)
        assert 0.2 <= time.monotonic() - start < 1


def test_a_proxy_is_true_to_the_bytes() -> None:
    sent = os.urandom(3_000_000)
    received = bytearray()
    with (
        socket.create_server(("127.0.0.1", 0)) as target,
        DelayProxy(target.getsockname()[1], delay=0.02) as proxy,
        connect(proxy.port) as link,
        ThreadPoolExecutor() as pool,
    ):
        far, _ = target.accept()
        pool.submit(link.sendall, sent).add_done_callback(lambda _: link.shutdown(socket.SHUT_WR))
        with far:
            while data := far.recv(65536):
                received += data
    assert received == sent


def test_a_proxy_can_freeze_thaw_and_cut(loopback_sshd) -> None:
    with DelayProxy(loopback_sshd.port) as proxy:
        proxy.freeze()
        with connect(proxy.port, within=0.3) as link:
            with pytest.raises(TimeoutError):
                link.recv(4)
            link.settimeout(5)
            proxy.thaw()
            assert link.recv(4096).startswith(b"SSH-")
            link.sendall(b"SSH-2.0-test\r\n")
            assert link.recv(4096)
            proxy.cut()
            with pytest.raises(ConnectionResetError):
                drain(link)


def test_a_proxy_may_be_several_servers(loopback_sshd) -> None:
    """On one port of each address, as on a fleet whose servers are all at port 22."""
    servers = [loopback_sshd.address(n) for n in (1, 2, 3)]
    with DelayProxy(loopback_sshd.port, delay=0.05, listen=servers) as proxy:
        assert proxy.address == servers[0]
        for address in servers:
            with socket.create_connection((address, proxy.port), timeout=5) as link:
                assert link.recv(4) == b"SSH-"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((servers[2], proxy.port), timeout=5)
