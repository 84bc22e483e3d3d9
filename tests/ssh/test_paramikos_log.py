"""What paramiko logs stays off a terminal unless the program wants it."""

from __future__ import annotations

import logging
import subprocess
import sys
import textwrap

import pytest
from ssh.fleets import Yard

from dcov.ssh.link import LOG

# Its server talks rubbish instead of keys, which paramiko's thread logs as an error.
PROGRAM = """
    import socket, threading, sys
    from dcov import Fleet, Server
    from dcov.ssh.links import Patience
    server = socket.create_server(("127.0.0.1", 0))
    lines = []
    def serve():
        while True:
            line, _ = server.accept()
            lines.append(line)  # closed, it would take back what was not read yet
            line.sendall(b"SSH-2.0-torn\\r\\n" + b"\\xff" * 64)
    threading.Thread(target=serve, daemon=True).start()
    quick = Patience(attempts=2, banner=2.0, first_pause=0.01)
    fleet = Fleet.of(Server(name="gpu-01", server_ip="127.0.0.1", ssh_port=server.getsockname()[1]))
    {before}
    report = fleet.using(patience=quick).sh("true")
    assert report["gpu-01"].code == "throttled", report["gpu-01"]
"""


def said(before: str = "") -> str:
    program = textwrap.dedent(PROGRAM).format(before=before)
    done = subprocess.run(
        (sys.executable, "-c", program), check=True, capture_output=True, text=True
    )
    return done.stderr


def test_a_broken_handshake_prints_nothing() -> None:
    assert said() == ""


def test_a_program_that_configures_logging_gets_it() -> None:
    text = said("import logging; logging.basicConfig()")
    assert f"ERROR:{LOG}:" in text


def test_a_cut_link_is_logged_under_our_name(yard: Yard, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        yard.fleet().sh("true").raise_for_failures()
    names = {record.name for record in caplog.records}
    assert LOG in names
    assert not {name for name in names if name.startswith("paramiko")}
