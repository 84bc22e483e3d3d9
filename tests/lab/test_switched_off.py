"""A component is switched off after it was on, and on again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.ground import Ground, wait_until

from dcov import Fleet
from dcov.tasks import (
    configure_prometheus,
    deploy_core,
    deploy_ipmi_monitor,
    deploy_marketplace_exporters,
)
from fleetlab.server import Server

SECRETS = "/etc/dc-overview/secrets"
SERVERS = "/etc/ipmi-monitor/servers.yaml"
OFF = ("ipmi-monitor", "runpod-exporter")
TAKEN = "prometheus: {port: 22}\n"  # sshd listens there


@pytest.fixture
def master(ground: Ground) -> Server:
    return ground.server("master")


@pytest.fixture(scope="module")
def fleet(ground: Ground) -> Iterator[Fleet]:
    """The lab's own site, deployed; it is again when this module is done."""
    fleet = ground.deployed().where("master")
    yield fleet
    ground.newest(ground.lab.config)
    for task in (deploy_core, deploy_ipmi_monitor, deploy_marketplace_exporters):
        fleet.run(task).raise_for_failures()


def switched_off(text: str) -> str:
    """The site without two of its components; their keys and passwords may stay."""
    for key in ("ipmi_monitor", "runpod_exporter"):
        text = text.replace(f"  {key}: true", f"  {key}: false", 1)
    return text


def containers(server: Server) -> set[str]:
    return set(server.exec(["docker", "ps", "-a", "--format", "{{.Names}}"]).stdout.split())


def jobs(fleet: Fleet) -> set[str]:
    """The jobs that Prometheus scrapes."""
    with fleet.prometheus as client:
        return {target.job for target in client.targets()}


@pytest.mark.usefixtures("fleet")
def test_what_is_switched_off_is_taken_away(ground: Ground, master: Server, tmp_path: Path) -> None:
    """First by a deploy that fails, which brings it back; then to stay. Volumes are kept."""
    ids = master.exec(["docker", "inspect", "-f", "{{.Id}}", "grafana"]).stdout
    before = containers(master)
    assert before >= set(OFF)

    broken = ground.site(tmp_path / "broken", config=lambda text: switched_off(text) + TAKEN)
    outcome = Fleet.load(broken).where("master").run(deploy_core)["master"]
    assert (outcome.status.good, outcome.rollback) == (False, "complete"), outcome.why
    assert containers(master) == before
    for name in OFF:
        wait_until(lambda name=name: healthy(master, name), within=60)
        master.exec(["test", "-s", f"{SECRETS}/{name}.env"])

    off = Fleet.load(ground.site(tmp_path / "off", config=switched_off)).where("master")
    assert off.plan(deploy_core).has_changes
    done = off.run(deploy_core)["master"]
    assert done.status.good, done.why
    assert [note for note in done.notes if note.startswith("removed ")] == [
        f"removed {name}: the site has it no more; its volume {name}-data stays" for name in OFF
    ]
    assert containers(master) == before - set(OFF)
    left = master.exec(["ls", SECRETS, SERVERS], check=False).stdout
    assert "vastai-exporter.env" in left
    assert not [name for name in (*OFF, SERVERS) if name in left]
    volumes = master.exec(["docker", "volume", "ls", "-q"]).stdout.split()
    assert {f"{name}-data" for name in OFF} <= set(volumes)
    assert master.exec(["docker", "inspect", "-f", "{{.Id}}", "grafana"]).stdout == ids
    wait_until(lambda: not jobs(off) & {"ipmi-monitor", "runpod"}, within=30)
    assert "vastai" in jobs(off)
    again = (deploy_core, configure_prometheus, deploy_ipmi_monitor, deploy_marketplace_exporters)
    for task in again:
        second = off.run(task)
        assert not second.changed, second["master"].changes


def healthy(server: Server, name: str) -> bool:
    state = server.exec(["docker", "inspect", "-f", "{{.State.Health.Status}}", name], check=False)
    return str(state.stdout).strip() == "healthy"
