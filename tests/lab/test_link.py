"""Links that break in the middle of a change: by a killed login, and by packets that vanish."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from lab.ground import (
    APPLIED,
    NEW,
    OLD,
    STARTING,
    UPLOADING,
    Ground,
    once,
    slow_answer,
    slow_start,
    wait_until,
)
from lab.seen import differences, files, left_behind, serves

from dcov import Fleet, Status
from dcov.tasks import install_exporters
from fleetlab.server import Server

LOGINS = "pkill -KILL -f '^sshd: (root|ops)'"


@contextmanager
def logins_killed(server: Server, condition: str) -> Iterator[None]:
    """Kill every login on the server as soon as this is so there."""
    script = f"rm -f /run/dcov/results/*; until {condition}; do :; done >/dev/null 2>&1; {LOGINS}"
    server.exec(["systemd-run", "--quiet", "--unit=test-cutter", "sh", "-c", script])
    try:
        yield
    finally:
        wait_until(
            lambda: server.exec(["systemctl", "is-active", "test-cutter"], check=False).returncode
        )


@pytest.mark.parametrize("name", ["gpu-03", "gpu-04"])
def test_a_link_that_breaks_in_an_upload(ground: Ground, name: str) -> None:
    """Half an upload is taken away at once, the old version never stops serving."""
    ground.installed(name)
    server = ground.server(name)
    before = files(server)
    large = ground.serve("1.9.95", ground.program(NEW) + bytes(120_000_000))
    with logins_killed(server, UPLOADING):
        outcome = ground.fleet(name).run(
            install_exporters, exporters=["node"], versions=[f"node_exporter={large}"]
        )[name]
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, "link-lost"), outcome.why
    assert "upload /usr/local/bin/node_exporter" in outcome.why
    assert outcome.hint
    assert outcome.rollback == "complete"
    assert differences(before, files(server)) == {}
    assert left_behind(server) == []
    serves(server, version_=OLD, program=ground.program(OLD))


@pytest.mark.parametrize("name", ["gpu-03", "gpu-04"])
def test_a_link_that_breaks_in_an_apply(ground: Ground, tmp_path: Path, name: str) -> None:
    """The server goes on by itself, and the controller hears of it on a new link."""
    ground.installed(name)
    server = ground.server(name)
    fleet = Fleet.load(ground.site(tmp_path, template=slow_start)).where(name)
    with logins_killed(server, STARTING):
        outcome = fleet.run(
            install_exporters, exporters=["node"], versions=[f"node_exporter={NEW}"]
        )[name]
    assert outcome.status is Status.CHANGED, outcome.why
    assert any("the link broke during apply" in note for note in outcome.notes)
    assert outcome.cost.connections == 2
    serves(server, version_=NEW, program=ground.program(NEW))
    assert left_behind(server) == []


@pytest.mark.parametrize(
    ("template", "when"), [(slow_start, STARTING), (slow_answer, APPLIED)],
    ids=["apply", "verify"],
)  # fmt: skip
def test_a_server_that_is_cut_off_undoes_by_itself(
    ground: Ground, tmp_path: Path, template: object, when: str
) -> None:
    """With no word from the controller by the deadline the old version is back."""
    ground.installed("gpu-02")
    server = ground.server("gpu-02")
    before = files(server)
    site = ground.site(tmp_path, template=template)  # type: ignore[arg-type]
    run = (
        Fleet.load(site)
        .where("gpu-02")
        .using(deadline=12)
        .start(install_exporters, exporters=["node"], versions=[f"node_exporter={NEW}"])
    )
    once(server, when)
    server.cut()
    try:
        wait_until(lambda: not left_behind(server), within=40)
        assert differences(before, files(server)) == {}
        wait_until(lambda: server.exec(["curl", "-fs", "127.0.0.1:9100"], check=False).stdout)
        serves(server, version_=OLD, program=ground.program(OLD))
        report = run.wait(60)
    finally:
        server.restore()
    assert report["gpu-02"].status in (Status.TIMED_OUT, Status.UNREACHABLE)
    assert report["gpu-02"].hint
    assert "undo" in report["gpu-02"].reason + report["gpu-02"].rollback


def test_a_short_cut_is_waited_for(ground: Ground, tmp_path: Path) -> None:
    """Packets that vanish for some seconds cost nothing: the same connection goes on."""
    ground.installed("gpu-02")
    server = ground.server("gpu-02")
    run = (
        Fleet.load(ground.site(tmp_path, template=slow_start))
        .where("gpu-02")
        .start(install_exporters, exporters=["node"], versions=[f"node_exporter={NEW}"])
    )
    once(server, STARTING)
    server.cut()
    once(server, "[ $(systemctl is-active node_exporter) = active ]")
    server.restore()
    outcome = run.wait(60)["gpu-02"]
    assert outcome.status is Status.CHANGED, outcome.why
    assert outcome.cost.connections == 1
    serves(server, version_=NEW, program=ground.program(NEW))
    assert left_behind(server) == []
