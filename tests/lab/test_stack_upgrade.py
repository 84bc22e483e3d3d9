"""New images on the master: from which to which, and back where they do not work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lab.ground import Ground
from lab.seen import left_behind

from dcov import Fleet, Status
from dcov.tasks import quickstart, upgrade_stack
from fleetlab.registry import HOST, PORT
from fleetlab.server import Server

REGISTRY = f"{HOST}:{PORT}"
MOVING, NEWER, BROKEN = "vastai-exporter:moving", "prometheus:newer", "prometheus:broken"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this module's sites lie."""
    return tmp_path_factory.mktemp("sites")


def site(ground: Ground, folder: Path, **images: str) -> Fleet:
    """The lab's site, with other images; the master alone."""

    def changed(text: str) -> str:
        for component, image in {"vastai_exporter": MOVING, **images}.items():
            name = component.replace("_", "-")
            (line,) = [one for one in text.splitlines() if one.startswith(f"  {name}: ")]
            text = text.replace(line, f"  {name}: {REGISTRY}/{image}")
        return text

    place = folder / "-".join(images.values()).replace(":", "-") if images else folder / "first"
    return Fleet.load(ground.site(place, config=changed)).where("master").using(deadline=600)


@pytest.fixture(scope="module")
def fleet(ground: Ground, folder: Path) -> Fleet:
    """The site as it was deployed first; an image of it has a tag that moves."""
    ground.deployed()
    ground.lab.registry.vary("vastai-exporter:stand-in", to=MOVING, by="LABEL step=1")
    fleet = site(ground, folder)
    fleet.run(quickstart).raise_for_failures()
    fleet.run(upgrade_stack).raise_for_failures()  # the lab may have been deployed before
    return fleet


@pytest.fixture
def master(ground: Ground) -> Server:
    return ground.server("master")


def running(server: Server) -> dict[str, tuple[str, str, str]]:
    """Each container's id, its image's id and its state."""
    names = server.exec(["docker", "ps", "--all", "--quiet"]).stdout.split()
    found = json.loads(server.exec(["docker", "inspect", *names]).stdout)
    return {
        one["Name"][1:]: (one["Id"], one["Image"], one["State"].get("Health", {}).get("Status"))
        for one in found
    }


def test_a_tag_that_moved_is_followed(ground: Ground, fleet: Fleet, master: Server) -> None:
    """Only what has a newer image is made anew; the next upgrade finds nothing to do."""
    unchanged = fleet.run(upgrade_stack)["master"]
    assert unchanged.status is Status.OK, unchanged.why
    before = running(master)
    ground.lab.registry.vary("vastai-exporter:stand-in", to=MOVING, by="LABEL step=2")

    plan = fleet.plan(upgrade_stack).report["master"]
    assert "a plan pulls nothing" in plan.notes[0]
    assert running(master) == before
    outcome = fleet.run(upgrade_stack)["master"]

    assert outcome.status is Status.CHANGED, outcome.why
    after = running(master)
    assert {name for name in after if after[name] != before[name]} == {"vastai-exporter"}
    assert after["vastai-exporter"][1] != before["vastai-exporter"][1]
    assert any(note.startswith(f"vastai-exporter: {REGISTRY}/{MOVING} ") for note in outcome.notes)
    assert fleet.run(upgrade_stack)["master"].status is Status.OK


def test_a_moved_tag_that_is_broken_goes_back(ground: Ground, fleet: Fleet, master: Server) -> None:
    """The former image runs again under the name, healthy, and the report says so."""
    before = running(master)
    by = 'ENTRYPOINT ["/bin/false"]'
    ground.lab.registry.vary("vastai-exporter:stand-in", to=MOVING, by=by)
    outcome = fleet.run(upgrade_stack)["master"]
    assert (outcome.status, outcome.code) == (Status.FAILED, "container-failed"), outcome.why
    assert outcome.rollback == "complete"
    after = running(master)
    assert after["vastai-exporter"][1] == before["vastai-exporter"][1]
    tagged = master.exec(["docker", "inspect", "-f", "{{.Id}}", f"{REGISTRY}/{MOVING}"])
    assert tagged.stdout.strip() == before["vastai-exporter"][1]
    assert left_behind(master) == []
    assert fleet.run(upgrade_stack, pull=False)["master"].status is Status.OK


def test_another_image_of_the_configuration(
    ground: Ground, fleet: Fleet, folder: Path, master: Server
) -> None:
    """`images:` is what is wanted; what does not come up leaves file and container as they were."""
    del fleet
    ground.lab.registry.vary("vastai-exporter:stand-in", to=MOVING, by="LABEL step=2")
    ground.lab.registry.vary("prometheus:2.42.0", to=NEWER, by="LABEL newer=yes")
    ground.lab.registry.vary("prometheus:2.42.0", to=BROKEN, by='ENTRYPOINT ["/bin/false"]')
    outcome = site(ground, folder, prometheus=NEWER).run(upgrade_stack)["master"]
    assert outcome.status is Status.CHANGED, outcome.why
    (note,) = [note for note in outcome.notes if note.startswith("prometheus: ")]
    former, _, new = note.partition(" -> ")
    assert former.startswith(f"prometheus: {REGISTRY}/prometheus:2.42.0 ")
    assert new.startswith(f"{REGISTRY}/{NEWER} ")

    before = running(master)
    compose = master.exec(["cat", "/etc/dc-overview/docker-compose.yml"]).stdout
    failed = site(ground, folder, prometheus=BROKEN).run(upgrade_stack)["master"]
    assert (failed.status, failed.rollback) == (Status.FAILED, "complete"), failed.why
    assert master.exec(["cat", "/etc/dc-overview/docker-compose.yml"]).stdout == compose
    after = running(master)
    assert {name: one[1] for name, one in after.items()} == {
        name: one[1] for name, one in before.items()
    }
    missing = site(ground, folder, prometheus="prometheus:absent").run(upgrade_stack)["master"]
    assert (missing.status, missing.code) == (Status.FAILED, "image")
    assert "prometheus:absent" in missing.why
    assert running(master).keys() == before.keys()
