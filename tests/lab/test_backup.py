"""A backup brings everything back after everything was lost."""

from __future__ import annotations

import json
import stat
import tarfile
import time
from pathlib import Path

import pytest
from lab.ground import Ground, wait_until
from lab.seen import left_behind

from dcov import Fleet, Status
from dcov.clients.grafana import Dashboard
from dcov.errors import ArchiveError
from dcov.tasks import backup_stack, destroy, quickstart, restore_stack
from fleetlab.server import Server

OWN = {"uid": "of-the-operator", "title": "Made by hand", "panels": []}
ANSWER = ["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", "-u"]


@pytest.fixture(scope="module")
def fleet(ground: Ground) -> Fleet:
    """The site, deployed on the master alone."""
    return ground.deployed().where("master").using(deadline=600)


@pytest.fixture
def master(ground: Ground) -> Server:
    return ground.server("master")


def states(server: Server) -> dict[str, str]:
    """The state and health of each container of dcov's."""
    listing = ["docker", "ps", "--all", "--quiet", "--filter", "label=io.dcov.site"]
    names = server.exec(listing).stdout.split()
    found = json.loads(server.exec(["docker", "inspect", *names]).stdout) if names else []
    return {
        one["Name"][1:]: f"{one['State']['Status']} {one['State'].get('Health', {}).get('Status')}"
        for one in found
    }


def logged_in(server: Server, password: str) -> str:
    """What the proxy answers the site's first user."""
    return str(server.exec([*ANSWER, f"admin:{password}", "https://127.0.0.1/"]).stdout)


def test_everything_is_back(fleet: Fleet, master: Server, ground: Ground, tmp_path: Path) -> None:
    """Dashboards, history, logins and certificates, after all of it was destroyed.

    The archive is the operator's alone and says what it holds. A second restore overwrites nothing.
    """
    password = fleet.site.settings.fleet_admin_pass
    assert password is not None
    with fleet.grafana as grafana:
        grafana.save_dashboard(Dashboard.of(OWN))
    with fleet.prometheus as prometheus:
        wait_until(lambda: prometheus.query('up{job="prometheus"} == 1'), within=60)
        moment = time.time()
    authority = master.exec(["cat", "/etc/cryptolabs-proxy/ca/ca.crt"]).stdout
    before = states(master)

    file = tmp_path / "site.tar"
    plan = fleet.plan(backup_stack, to=file).report["master"]
    assert plan.status is Status.OK
    assert not file.exists()
    report = fleet.run(backup_stack, to=file)
    report.raise_for_failures()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with tarfile.open(file) as tar:
        member = tar.extractfile("manifest.json")
        assert member is not None
        listed = json.load(member)
        assert {part["name"] for part in listed["parts"]} | {"manifest.json"} == set(tar.getnames())
    assert "volumes/prometheus-data.tar" in {part["name"] for part in listed["parts"]}
    assert listed["images"]["grafana"] == ground.lab.registry.images["grafana"]
    wait_until(lambda: states(master) == before, within=90)
    volumes = master.exec(["find", "/var/lib/docker/volumes", "-name", ".dcov*"]).stdout
    assert volumes == ""
    assert left_behind(master) == []

    fleet.run(destroy(volumes=True)).raise_for_failures()
    assert states(master) == {}
    restored = fleet.run(restore_stack, source=file)["master"]
    assert restored.status is Status.CHANGED, restored.why

    assert states(master).keys() == before.keys()
    assert logged_in(master, password.reveal()) == "200"
    assert logged_in(master, "of somebody else") == "401"
    assert master.exec(["cat", "/etc/cryptolabs-proxy/ca/ca.crt"]).stdout == authority
    with fleet.grafana as grafana:
        assert grafana.dashboard(str(OWN["uid"])) is not None
    with fleet.prometheus as prometheus:
        series = prometheus.query(f'up{{job="prometheus"}} @ {moment:.0f}')
        assert [sample.value for sample in series] == [1.0]
    assert left_behind(master) == []

    again = fleet.run(restore_stack, source=file)["master"]
    assert (again.status, again.code) == (Status.FAILED, "still-there"), again.why
    deployed = fleet.run(quickstart)
    deployed.raise_for_failures()
    changed = {change.resource for change in deployed["master"].changes if change.needed}
    exporter = ("node_exporter", "node_exporter.service", "node_exporter/digests")
    own = (*exporter, "/fleet", "fleet-config.yaml", "known_hosts")
    assert not {name for name in changed if not name.endswith(own)}


def test_a_damaged_archive_is_refused(fleet: Fleet, master: Server, tmp_path: Path) -> None:
    """One byte that turned over is found before anything is touched, and the part is named."""
    file = tmp_path / "site.tar"
    fleet.run(backup_stack, to=file).raise_for_failures()
    with tarfile.open(file) as tar:
        member = tar.getmember("volumes/grafana-data.tar")
    with file.open("r+b") as out:
        out.seek(member.offset_data + member.size // 2)
        byte = out.read(1)
        out.seek(-1, 1)
        out.write(bytes([byte[0] ^ 1]))
    before = states(master)
    with pytest.raises(ArchiveError, match=r"volumes/grafana-data\.tar is damaged"):
        fleet.run(restore_stack, source=file)
    assert states(master).keys() == before.keys()


def test_a_file_that_cannot_be_written_is_named(fleet: Fleet, master: Server) -> None:
    """Nothing is left on the master, and everything runs."""
    place = Path("/dev/full/site.tar")
    outcome = fleet.run(backup_stack, to=place)["master"]
    assert (outcome.status, outcome.code) == (Status.FAILED, "archive"), outcome.why
    assert str(place) in outcome.why
    assert left_behind(master) == []
