"""How a task of one's own is tested: docs/test-a-task.md shows this file."""

from pathlib import Path, PurePosixPath

import pytest

from dcov import Context, Fleet, Server, task
from dcov.testing import LoopbackSshd


@task
def count_lines(ctx: Context, *, file: str) -> int:
    """Count the lines of a file."""
    return len(ctx.read(PurePosixPath(file)).splitlines())


@pytest.fixture
def fleet(loopback_sshd: LoopbackSshd, tmp_path: Path) -> Fleet:
    """Give a fleet of one server, whose host key is known."""
    sshd = loopback_sshd
    known = sshd.known_hosts(["gpu-01"]).read_text()
    (tmp_path / "known_hosts").write_text(known)
    (tmp_path / "fleet-config.yaml").write_text(
        f"ssh: {{username: {sshd.user}, key_path: {sshd.key_path}, port: {sshd.port}}}\n"
        f"servers: [{{name: gpu-01, server_ip: {sshd.address()}}}]\n"
    )
    return Fleet.load(tmp_path)


def test_lines_are_counted(fleet: Fleet, tmp_path: Path) -> None:
    file = tmp_path / "three"
    file.write_text("1\n2\n3\n")
    assert fleet["gpu-01"].run(count_lines, file=str(file)).value == 3


def test_a_file_that_is_not_there_is_a_failure(fleet: Fleet) -> None:
    outcome = fleet.run(count_lines, file="/nowhere")["gpu-01"]
    assert (outcome.status, outcome.code) == ("failed", "command-failed")


def test_a_plan_may_read(fleet: Fleet) -> None:
    assert fleet.plan(count_lines, file="/etc/hostname").report.ok


def test_a_server_needs_no_configuration_file(loopback_sshd: LoopbackSshd) -> None:
    server = Server(name="gpu-01", server_ip=loopback_sshd.address(), ssh_port=loopback_sshd.port)
    outcome = Fleet.of(server).sh("true")["gpu-01"]
    assert outcome.code == "host-key-unknown"  # until somebody approves it
