"""A site that reaches neither a registry nor the exporters' releases is deployed from a bundle."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from lab.ground import Ground

from dcov import Fleet, Status
from dcov.tasks import bundle_site, destroy, load_bundle, offline, quickstart
from fleetlab.engine import docker
from fleetlab.server import Server


@pytest.fixture(scope="module")
def fleet(ground: Ground) -> Fleet:
    """The site, deployed on the master alone while everything is in reach."""
    return ground.deployed().where("master").using(deadline=600)


@contextmanager
def cut_off(ground: Ground) -> Iterator[None]:
    """Neither the registry nor the mirror of the releases answers."""
    registry = ground.lab.registry.container
    docker("stop", "--time", "1", registry.name)
    ground.lab.mirror.stop()
    try:
        yield
    finally:
        registry.start()
        ground.lab.mirror.ensure()


def images(server: Server) -> set[str]:
    """The names of the images that the master's engine has."""
    return set(
        server.exec(
            ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]
        ).stdout.split()
    )


def test_a_site_without_internet(
    fleet: Fleet, ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After images, containers and the controller's cache are gone a bundle is all that it takes.

    Without it the deploy fails, so it is the bundle that helps. A second time nothing is sent.
    """
    master, file = ground.server("master"), tmp_path / "site.bundle"
    made = fleet.run(bundle_site, to=file)["master"]
    assert made.status is Status.OK, made.why
    with tarfile.open(file) as tar:
        member = tar.extractfile("manifest.json")
        assert member is not None
        listed = json.load(member)
        inside = set(tar.getnames())
    assert listed["images"].items() <= ground.lab.registry.images.items()
    assert {"artifacts.tar", "templates.tar", "images/prometheus.tar"} < inside

    fleet.run(destroy(volumes=True)).raise_for_failures()
    master.exec(["sh", "-c", "docker image rm -f $(docker image ls -q)"])
    assert not images(master) & set(listed["images"].values())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with cut_off(ground):
        assert fleet.run(quickstart.only("deploy-core"))["master"].status is Status.FAILED
        report = fleet.run(offline(file))
        report.raise_for_failures()
        assert set(listed["images"].values()) <= images(master)
        again = fleet.run(load_bundle, source=file)["master"]
        assert again.status is Status.OK, again.why
    assert again.cost.uploaded == 0
