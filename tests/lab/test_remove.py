"""Removing brings a server back to what it was; what is not dcov's is never touched."""

from __future__ import annotations

import json

from lab.ground import NAMES, NEW, OLD, Ground
from lab.seen import (
    differences,
    files,
    files_of,
    left_behind,
    look,
    main_pid,
    processes,
    serves,
    sha256,
    version,
)

from dcov import Status
from dcov.tasks import install_exporters, remove_exporters, upgrade_exporters
from fleetlab.server import Server

DC_OVERVIEW_UNIT = """[Unit]
Description=Node Exporter
After=network.target

[Service]
Type=simple
User=root
ExecStart=/usr/local/bin/node_exporter
Restart=always

[Install]
WantedBy=multi-user.target
"""


def test_every_server_is_as_it_was(ground: Ground) -> None:
    """After install, upgrade and remove each file has its content, owner and mode from before.

    So have the users and groups, and of other people's programs none was so much as restarted.
    """
    ground.blank(*NAMES)
    servers = [ground.server(name) for name in NAMES]
    fleet = ground.fleet()
    before = files_of(servers)
    running = {server.name: processes(server) for server in servers}
    containers = engine(ground.server("gpu-01"))
    assert len(containers) == 2

    fleet.run(install_exporters).raise_for_failures()
    upgraded = fleet.using(canary=0, batch=5).run(
        upgrade_exporters, versions=[f"node_exporter={NEW}"]
    )
    upgraded.raise_for_failures()
    assert len(upgraded.changed) == len(NAMES)
    assert {version(server) for server in servers} == {NEW}
    for server in servers:
        assert running[server.name].items() <= processes(server).items()
    report = fleet.run(remove_exporters)
    report.raise_for_failures()

    assert len(report.changed) == len(NAMES)
    after = files_of(servers)
    for server in servers:
        assert differences(before[server.name], after[server.name]) == {}
        assert running[server.name].items() <= processes(server).items()
        assert left_behind(server) == []
        host = look(server)
        assert not host.user("node_exporter").exists
        assert not host.group("node_exporter").exists
        assert not host.service("node_exporter").exists
        assert not host.socket("tcp://9100").is_listening
        failed = host.run("systemctl --failed --plain --no-legend").stdout
        assert failed == ""
    assert engine(ground.server("gpu-01")) == containers


def test_a_second_remove_has_nothing_to_do(ground: Ground) -> None:
    """Where dcov installed nothing it removes nothing, and says so."""
    ground.blank("gpu-02")
    outcome = ground.fleet("gpu-02").run(remove_exporters)["gpu-02"]
    assert outcome.status is Status.SKIPPED
    assert outcome.reason == "dcov has installed none of these here"


def test_a_plan_of_a_remove_changes_nothing(ground: Ground) -> None:
    """It lists what will go, names what is not as dcov placed it, and it all stays."""
    ground.installed("gpu-02")
    server = ground.server("gpu-02")
    unit = "/etc/systemd/system/node_exporter.service"
    server.exec(["sh", "-c", f"echo '# by an operator' >>{unit}"])
    before = files(server)
    plan = ground.fleet("gpu-02").plan(remove_exporters)
    outcome = plan.report["gpu-02"]
    assert outcome.status is Status.CHANGED, outcome.why
    assert outcome.notes == (f"{unit} is not as dcov placed it",)
    deleted = {change.resource: change.diff for change in outcome.changes}
    assert "-# by an operator" in deleted[f"file:{unit}"]
    gone = {change.resource for change in outcome.changes if change.action.value == "delete"}
    assert {
        "unit:node_exporter",
        "user:node_exporter",
        "file:/usr/local/bin/node_exporter",
        "file:/etc/systemd/system/node_exporter.service",
    } <= gone
    assert differences(before, files(server)) == {}
    serves(server, version_=OLD, program=ground.program(OLD))


def test_an_exporter_of_dc_overview_is_adopted_and_comes_back(ground: Ground) -> None:
    """Its unit is taken over, as the plan says, and runs again as root after a remove."""
    ground.blank("gpu-03")
    server = ground.server("gpu-03")
    by_dc_overview(server, program=ground.program(OLD))
    before = files(server)

    fleet = ground.fleet("gpu-03")
    plan = fleet.plan(install_exporters, versions=[f"node_exporter={NEW}"])
    planned = {change.resource: change for change in plan.report["gpu-03"].changes}
    unit = planned["file:/etc/systemd/system/node_exporter.service"]
    assert unit.action.value == "update"
    assert "-User=root" in unit.diff
    assert "+User=node_exporter" in unit.diff
    binary = planned["binary:/usr/local/bin/node_exporter"]
    assert f"-sha256 {sha256(ground.program(OLD))}" in binary.diff
    assert differences(before, files(server)) == {}

    plan.apply().raise_for_failures()
    serves(server, version_=NEW, program=ground.program(NEW))
    assert owner(server) == "node_exporter"
    fleet.run(remove_exporters).raise_for_failures()
    assert differences(before, files(server)) == {}
    serves(server, version_=OLD, program=ground.program(OLD))
    assert owner(server) == "root"
    assert not look(server).user("node_exporter").exists
    assert left_behind(server) == []
    server.reset()


def test_a_failed_adoption_leaves_the_old_one_running(ground: Ground) -> None:
    """When the new version does not come up the old one serves again, under its own unit."""
    ground.blank("gpu-03")
    server = ground.server("gpu-03")
    by_dc_overview(server, program=ground.program(OLD))
    before = files(server)
    bad = ground.serve("1.9.96", b"#!/bin/sh\nexit 4\n")
    outcome = ground.fleet("gpu-03").run(
        install_exporters, exporters=["node"], versions=[f"node_exporter={bad}"]
    )["gpu-03"]
    assert (outcome.code, outcome.rollback) == ("unit-failed", "complete"), outcome.why
    assert differences(before, files(server)) == {}
    serves(server, version_=OLD, program=ground.program(OLD))
    assert owner(server) == "root"
    assert left_behind(server) == []
    server.reset()


def by_dc_overview(server: Server, *, program: bytes) -> None:
    """Install node_exporter as DC Overview does."""
    path = "/usr/local/bin/node_exporter"
    write = f"import sys; open('{path}', 'wb').write(bytes.fromhex(sys.stdin.read()))"
    server.exec(["python3", "-c", write], input=program.hex())
    server.exec(["chmod", "755", "/usr/local/bin/node_exporter"])
    server.exec(["tee", "/etc/systemd/system/node_exporter.service"], input=DC_OVERVIEW_UNIT)
    server.exec(["systemctl", "daemon-reload"])
    server.exec(["systemctl", "enable", "--now", "node_exporter"])


def owner(server: Server) -> str:
    """Who node_exporter runs as."""
    path = f"/proc/{main_pid(server)}"
    return str(look(server).run(f"stat -c %U {path}").stdout.strip())


def engine(server: Server) -> dict[str, str]:
    """When each container of the server was started, and its PID."""
    names = server.exec(["docker", "ps", "-q"]).stdout.split()
    found = json.loads(server.exec(["docker", "inspect", *names]).stdout)
    return {one["Name"]: f"{one['State']['StartedAt']} {one['State']['Pid']}" for one in found}
