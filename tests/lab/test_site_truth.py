"""Two operators with a copy of one site each: the older one deploys nothing, nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from lab.ground import NAMES, Ground
from lab.seen import differences, files_of

from dcov import Fleet, Status
from dcov.tasks import deploy_core, quickstart
from fleetlab.server import Server

TRUTH = "/etc/dc-overview/fleet/fleet-config.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Somebody with a copy of the site in a folder of their own."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "fleet-config.yaml"

    @property
    def fleet(self) -> Fleet:
        """The master of the site as this copy has it."""
        return Fleet.load(self.config).where("master").using(deadline=600)

    def edit(self, old: str, new: str) -> None:
        """Change the copy, by hand."""
        text = self.config.read_text()
        assert old in text
        self.config.write_text(text.replace(old, new, 1))

    def dcov(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command in the folder."""
        argv = [sys.executable, "-c", "import dcov.cli; dcov.cli.main()", *words]
        env = {name: value for name, value in os.environ.items() if name != "DCOV_CONFIG"}
        return subprocess.run(
            argv, env=env, cwd=self.folder, capture_output=True, text=True, check=False, timeout=300
        )


def truth(server: Server) -> Any:
    """What the master's own file says."""
    return yaml.safe_load(server.exec(["cat", TRUTH]).stdout)


@pytest.fixture(scope="module")
def operators(
    ground: Ground, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Operator, Operator]]:
    """Both begin with what was deployed; then the first one changes and deploys it."""
    ground.deployed()
    first = Operator(folder=ground.site(tmp_path_factory.mktemp("site") / "one").parent)
    first.fleet.run(quickstart).raise_for_failures()
    second = Operator(folder=first.folder.parent / "two")
    shutil.copytree(first.folder, second.folder)
    first.edit("site_name:", "prometheus:\n  retention_days: 41\nsite_name:")
    yield first, second
    ground.fleet("master").using(deadline=600).run(quickstart).raise_for_failures()


@pytest.fixture(scope="module")
def moved(operators: tuple[Operator, Operator], ground: Ground) -> Operator:
    """The second operator, whose copy is older than what is deployed, and changed elsewhere."""
    first, second = operators
    report = first.fleet.run(quickstart)
    report.raise_for_failures()
    assert truth(ground.server("master"))["prometheus"] == {"retention_days": 41}
    second.edit("  - name: gpu-01\n", "  - name: gpu-01\n    labels: {rack: a1}\n")
    return second


def test_a_deploy_is_kept_on_the_master_once(
    operators: tuple[Operator, Operator], moved: Operator, ground: Ground
) -> None:
    """Without what stays here, for root alone; a second deploy of the same has nothing to do."""
    del moved
    master = ground.server("master")
    password = ground.fleet().site.settings.fleet_admin_pass
    assert password is not None
    found = master.exec(["find", "/etc/dc-overview", "-maxdepth", "2", "-name", "fleet*",
                         "-printf", "%y %m %u %P %l\n"]).stdout.splitlines()  # fmt: skip
    assert sorted(found) == [
        "d 700 root fleet ",
        "f 600 root fleet/fleet-config.yaml ",
        "l 777 root fleet-config.yaml fleet/fleet-config.yaml",
    ]
    text = master.exec(["cat", TRUTH]).stdout
    assert "key_path" not in text
    assert password.reveal() not in text
    again = operators[0].fleet.run(quickstart)
    assert {one.status for step in again.steps for one in step.outcomes} <= {
        Status.OK,
        Status.SKIPPED,
    }


def test_an_older_copy_stops_before_any_server_is_touched(moved: Operator, ground: Ground) -> None:
    """In a plan and in a run: the difference and what to do are shown, and nothing is changed."""
    servers = [ground.server(name) for name in NAMES]
    before = files_of(servers)
    containers = ["docker", "ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Names}}"]
    running = servers[0].exec(containers).stdout
    for words in (("quickstart", "--dry-run"), ("quickstart", "-y")):
        done = moved.dcov(*words, "-o", "json")
        assert done.returncode == 3, done.stderr
        report: Mapping[str, Any] = json.loads(done.stdout)
        (first,) = report["steps"][0]["servers"]
        assert first["code"] == "site-moved"
        assert "retention_days: 41" in first["why"]
        assert "config pull" in first["hint"]
        others = [one for step in report["steps"][1:] for one in step["servers"]]
        assert {one["status"] for one in others} == {"not_run"}
        assert {one["server"] for one in others} == set(NAMES)
    alone = moved.fleet.run(deploy_core)["master"]
    assert (alone.status, alone.code) == (Status.FAILED, "site-moved")
    after = files_of(servers)
    assert [name for name in NAMES if differences(before[name], after[name])] == []
    assert servers[0].exec(containers).stdout == running


def test_after_a_pull_both_changes_are_deployed(moved: Operator, ground: Ground) -> None:
    """Nothing is lost: neither in the copy, nor on the master, nor in what runs."""
    pulled = moved.dcov("config", "pull")
    assert pulled.returncode == 0, pulled.stderr
    done = moved.dcov("quickstart", "-y", "--limit", "master")
    assert done.returncode == 0, done.stdout + done.stderr
    master = ground.server("master")
    said = truth(master)
    assert said["prometheus"] == {"retention_days": 41}
    (labels,) = [one["labels"] for one in said["servers"] if one["name"] == "gpu-01"]
    assert labels == {"rack": "a1"}
    flags = master.exec(["docker", "inspect", "-f", "{{.Args}}", "prometheus"]).stdout
    assert "--storage.tsdb.retention.time=41d" in flags
    targets = master.exec(["cat", "/etc/dc-overview/prometheus/targets/node.json"]).stdout
    assert {one["labels"].get("rack") for one in json.loads(targets)} == {None, "a1"}
