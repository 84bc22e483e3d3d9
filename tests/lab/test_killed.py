"""Runs that were killed, servers that went down: what is repeated converges."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab.ground import (
    APPLIED,
    NEW,
    OLD,
    STARTING,
    UPLOADING,
    Ground,
    killed,
    once,
    operator,
    slow_answer,
    slow_start,
    wait_until,
)
from lab.seen import differences, files, left_behind, main_pid, serves

from dcov import Status
from dcov.tasks import install_exporters
from fleetlab.engine import docker

PENDING = "ls /var/lib/dcov/journal/*/holder"


def again(ground: Ground, name: str, *, took_back: bool = True) -> None:
    """Run the shipped task and assert that all is as if nothing had been killed."""
    outcome = ground.fleet(name).run(
        install_exporters, exporters=["node"], versions=[f"node_exporter={NEW}"]
    )[name]
    assert outcome.status is Status.CHANGED, outcome.why
    assert any("took back what" in note for note in outcome.notes) == took_back, outcome.notes
    server = ground.server(name)
    serves(server, version_=NEW, program=ground.program(NEW))
    assert left_behind(server) == []
    second = ground.fleet(name).run(
        install_exporters, exporters=["node"], versions=[f"node_exporter={NEW}"]
    )[name]
    assert second.status is Status.OK


@pytest.mark.parametrize(
    ("name", "begun", "step"),
    [
        ("gpu-02", "blank", "apply"),
        ("gpu-02", "installed", "upload"),
        ("gpu-03", "installed", "apply"),
        ("gpu-03", "installed", "verify"),
    ],
)
def test_a_killed_run_converges_when_repeated(
    ground: Ground, tmp_path: Path, name: str, begun: str, step: str
) -> None:
    """Whenever the controller is killed: the next run sweeps, installs, and leaves nothing."""
    getattr(ground, begun)(name)
    server = ground.server(name)
    version, template, when = {
        "upload": (ground.serve("1.9.95", ground.program(NEW) + bytes(120_000_000)), None,
                   UPLOADING),
        "apply": (NEW, slow_start, STARTING),
        "verify": (NEW, slow_answer, APPLIED),
    }[step]  # fmt: skip
    child = operator(ground.site(tmp_path, template=template), name, version)
    once(server, when)
    killed(child)
    if step == "upload":
        assert server.exec(["sh", "-c", PENDING], check=False).returncode
    assert left_behind(server)
    again(ground, name)


def test_an_apply_killed_before_its_restart(ground: Ground) -> None:
    """A server whose apply died between the new file and the restart: the next run restarts."""
    ground.installed("gpu-02")
    server = ground.server("gpu-02")
    pid = main_pid(server)
    script = (
        "until ls /usr/local/bin/.dcov-*.old >/dev/null 2>&1; do :; done;"
        " kill -s KILL -- -$(cat /var/lib/dcov/journal/*/group)"
    )
    server.exec(["systemd-run", "--quiet", "--unit=test-killer", "sh", "-c", script])
    outcome = ground.fleet("gpu-02").run(
        install_exporters, exporters=["node"], versions=[f"node_exporter={NEW}"]
    )["gpu-02"]
    assert outcome.status is Status.FAILED
    assert outcome.hint
    assert main_pid(server) == pid  # it was killed before the restart
    again(ground, "gpu-02", took_back=outcome.rollback != "complete")
    assert main_pid(server) != pid


def test_a_run_killed_for_good_is_undone_by_the_server(ground: Ground, tmp_path: Path) -> None:
    """Nobody comes back: at the deadline the server is as it was, and serves."""
    ground.installed("gpu-02")
    server = ground.server("gpu-02")
    before = files(server)
    child = operator(ground.site(tmp_path, template=slow_answer), "gpu-02", NEW, deadline=20)
    once(server, APPLIED)
    killed(child)
    assert left_behind(server)
    wait_until(lambda: not left_behind(server), within=60)
    assert differences(before, files(server)) == {}
    wait_until(lambda: server.exec(["curl", "-fs", "127.0.0.1:9100"], check=False).stdout)
    serves(server, version_=OLD, program=ground.program(OLD))


def test_a_server_that_boots_in_between(ground: Ground, tmp_path: Path) -> None:
    """What another operator left before a reboot, or a power cut in an apply, is swept."""
    ground.installed("gpu-02", "gpu-04")
    for name, template, when in (
        ("gpu-02", slow_answer, APPLIED),
        ("gpu-04", slow_start, STARTING),
    ):
        server = ground.server(name)
        site = ground.site(tmp_path / name, template=template)
        child = operator(site, name, NEW, state=tmp_path / "alice")
        once(server, when)
        killed(child)
        if when == STARTING:  # a shutdown in order would let the apply undo itself
            docker("kill", server.container.name)
            server.ensure()
        else:
            server.reboot()
        assert server.exec(["sh", "-c", PENDING]).stdout
        again(ground, name)


def test_the_master_boots_in_between(ground: Ground, tmp_path: Path) -> None:
    """The same on the master, which other servers are reached through."""
    ground.installed("master")
    master = ground.server("master")
    child = operator(ground.site(tmp_path, template=slow_answer), "master", NEW)
    once(master, APPLIED)
    killed(child)
    master.reboot()
    again(ground, "master")


def test_another_operators_unconfirmed_change_is_respected(ground: Ground, tmp_path: Path) -> None:
    """A change that somebody has applied and not confirmed is theirs: refused, with who it is."""
    ground.installed("gpu-02", "gpu-04")
    server = ground.server("gpu-02")
    site = ground.site(tmp_path / "site", template=slow_answer)
    alice = operator(site, "gpu-02", NEW, state=tmp_path / "alice")
    once(server, APPLIED)
    report = ground.fleet("gpu-02", "gpu-04").run(
        install_exporters, exporters=["node"], versions=[f"node_exporter={NEW}"]
    )
    said, _ = alice.communicate(timeout=60)
    assert (report["gpu-02"].code, report["gpu-02"].rollback) == ("locked", "")
    assert "is changing this server" in report["gpu-02"].why
    assert " run 20" in report["gpu-02"].why
    assert report["gpu-02"].hint
    assert report["gpu-04"].status is Status.CHANGED
    assert "changed" in said
    serves(server, version_=NEW, program=ground.program(NEW))
    assert left_behind(server) == []
