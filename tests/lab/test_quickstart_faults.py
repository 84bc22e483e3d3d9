"""What goes wrong on the master while a site is deployed, each by its cause; then it is mended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from lab.ground import NAMES, WORKERS, Ground, wait_until
from lab.seen import differences, files, left_behind, look

from dcov import Fleet, Status
from dcov.report import Outcome
from dcov.tasks import deploy_core, destroy_stack, install_exporters, quickstart
from fleetlab.engine import docker
from fleetlab.registry import HOST, PORT
from fleetlab.server import Server

pytestmark = pytest.mark.usefixtures("fleet")
REGISTRY = f"{HOST}:{PORT}"
HOME = "/etc/dc-overview"
API = "http://127.0.0.1:9090/prometheus/api/v1"
JOB = "- {job_name: mine, static_configs: [{targets: ['127.0.0.1:9']}]%s}"
NEW_LAYER = "USER root\nRUN dd if=/dev/urandom of=/filler bs=1024 count=1024"

Change = Callable[[str], str]


@pytest.fixture
def master(ground: Ground) -> Server:
    return ground.server("master")


@pytest.fixture(scope="module")
def fleet(ground: Ground) -> Iterator[Fleet]:
    """The lab's own site, deployed; it is again when this module is done."""
    fleet = ground.deployed().using(deadline=600)
    yield fleet
    ground.newest(ground.lab.config)
    fleet.run(quickstart).raise_for_failures()


def with_jobs(*jobs: str, more: str = "") -> Change:
    """A change of the configuration: scrape configs of the operator's own."""
    lines = "".join(f"\n    {job}" for job in jobs)
    return lambda text: f"{text}prometheus:\n  extra_scrape_configs:{lines}\n{more}"


def with_image(component: str, image: str) -> Change:
    """A change of the configuration: another image for this component."""

    def changed(text: str) -> str:
        (line,) = [one for one in text.splitlines() if one.startswith(f"  {component}: ")]
        return text.replace(line, f"  {component}: {REGISTRY}/{image}")

    return changed


def site(ground: Ground, folder: Path, change: Change) -> Fleet:
    """The master of the lab's site, in a copy that was changed so."""
    return Fleet.load(ground.site(folder, config=change)).where("master").using(deadline=600)


def core(fleet: Fleet) -> Outcome:
    """Deploy Prometheus and Grafana."""
    return fleet.run(deploy_core)["master"]


def failed(outcome: Outcome, *, code: str, why: str, hint: str, rollback: str = "complete") -> None:
    """Assert that it failed for this reason, says what to do, and how taking it back went."""
    assert (outcome.status, outcome.code) == (Status.FAILED, code), outcome.why
    assert why in outcome.why
    assert hint in outcome.hint
    assert outcome.rollback == rollback


def containers(server: Server) -> dict[str, tuple[str, str, str]]:
    """Each container's id, state and start."""
    names = server.exec(["docker", "ps", "--all", "--quiet"]).stdout.split()
    found = json.loads(server.exec(["docker", "inspect", *names]).stdout) if names else []
    return {
        one["Name"][1:]: (one["Id"], one["State"]["Status"], one["State"]["StartedAt"])
        for one in found
    }


def asked(server: Server, path: str) -> Any:
    """What Prometheus itself says, asked past dcov."""
    said = json.loads(server.exec(["curl", "-fsS", f"{API}/{path}"]).stdout)
    assert said["status"] == "success", said
    return said["data"]


def jobs(server: Server) -> set[str]:
    """The jobs of the configuration that is in force."""
    config = yaml.safe_load(asked(server, "status/config")["yaml"])
    return {job["job_name"] for job in config["scrape_configs"]}


@contextmanager
def untouched(server: Server) -> Iterator[None]:
    """Assert that no file changes meanwhile, no container, and that nothing is left behind."""
    before, ran = files(server), containers(server)
    yield
    assert differences(before, files(server)) == {}
    assert containers(server) == ran
    assert left_behind(server) == []


def logins(ground: Ground) -> dict[str, int]:
    """How often somebody has logged in, by server."""
    argv = ["journalctl", "--quiet", "--unit=ssh", "--grep=^Accepted", "--output=cat"]
    return {
        name: len(ground.server(name).exec(argv, check=False).stdout.splitlines()) for name in NAMES
    }


def begin(config: Path, *words: str) -> subprocess.Popen[str]:
    """Have an operator run the command, and look on."""
    argv = [sys.executable, "-c", "import dcov.cli; dcov.cli.main()", *words, "-o", "json"]
    env = {**os.environ, "DCOV_CONFIG": str(config)}
    pipe = subprocess.PIPE
    return subprocess.Popen(argv, env=env, stdout=pipe, stderr=pipe, text=True)


def steps(child: subprocess.Popen[str], *, exit_code: int) -> dict[str, dict[str, Any]]:
    """What the command printed when it ended: the outcomes of each step, by server."""
    out, err = child.communicate(timeout=900)
    assert child.returncode == exit_code, out + err
    return {
        step["task"]: {one["server"]: one for one in step["servers"]}
        for step in json.loads(out)["steps"]
    }


def test_a_broken_job_is_refused_before_anybody_logs_in(ground: Ground, tmp_path: Path) -> None:
    """With the line of the operator's own file."""
    config = ground.site(
        tmp_path / "site", config=with_jobs(JOB % "", "- {job_name: b, scrape_interval: soon}")
    )
    line = config.read_text().splitlines().index("    - {job_name: b, scrape_interval: soon}") + 1
    before = logins(ground)
    child = begin(config, "quickstart", "-y")
    _, said = child.communicate(timeout=60)
    assert child.returncode == 2
    place = "prometheus.extra_scrape_configs[1].scrape_interval"
    assert f"{config}:{line}:38: {place}: must be a duration such as 30s" in said
    assert logins(ground) == before


def test_what_only_promtool_knows_is_refused_before_it_is_placed(
    ground: Ground, fleet: Fleet, master: Server, tmp_path: Path
) -> None:
    rule = ", relabel_configs: [{source_labels: [a], regex: '(', target_label: b}]"
    with untouched(master):
        outcome = core(site(ground, tmp_path / "site", with_jobs(JOB % rule)))
    failed(outcome, code="content-refused", why="missing closing )", hint="correct the content")
    assert f"{HOME}/prometheus/prometheus.yml" in outcome.why


def test_an_image_that_the_registry_lacks_is_named(
    ground: Ground, fleet: Fleet, master: Server, tmp_path: Path
) -> None:
    """And what runs goes on."""
    with untouched(master):
        outcome = core(site(ground, tmp_path / "site", with_image("grafana", "grafana:absent")))
    failed(outcome, code="image", why=f"{REGISTRY}/grafana:absent", hint="`images:`")
    assert "manifest unknown" in outcome.why


def test_a_full_disk_leaves_no_half_of_a_file(
    ground: Ground, fleet: Fleet, master: Server, tmp_path: Path
) -> None:
    """The same again, once there is room, does it."""
    wanted = site(ground, tmp_path / "site", with_jobs(JOB % ""))
    master.fill_disk(HOME)
    try:
        with untouched(master):
            outcome = core(wanted)
    finally:
        master.free_disk(HOME)
    failed(outcome, code="disk-full", why=f"no room to write {HOME}/", hint="free space there")
    assert "mine" not in jobs(master)
    assert core(wanted).status is Status.CHANGED
    assert "mine" in jobs(master)
    assert core(wanted).status is Status.OK


def test_a_disk_that_is_full_for_the_engine_is_one_as_well(
    ground: Ground, fleet: Fleet, master: Server, tmp_path: Path
) -> None:
    ground.lab.registry.vary("prometheus:2.42.0", to="prometheus:large", by=NEW_LAYER)
    wanted = site(ground, tmp_path / "site", with_image("prometheus", "prometheus:large"))
    folder = "/var/lib/docker/tmp"
    master.fill_disk(folder)
    try:
        with untouched(master):
            outcome = core(wanted)
    finally:
        master.free_disk(folder)
    failed(outcome, code="disk-full", why=f"{REGISTRY}/prometheus:large", hint="free space there")


def test_a_configuration_that_prometheus_refuses_is_taken_back(
    ground: Ground, fleet: Fleet, master: Server, tmp_path: Path
) -> None:
    """promtool does not read the certificates of a job; Prometheus does, and has a word for it."""
    good = site(ground, tmp_path / "good", with_jobs(JOB % ""))
    assert core(good).status.good
    in_force = asked(master, "status/config")
    trust = ", tls_config: {ca_file: /etc/prometheus/nowhere.pem}"
    with untouched(master):
        outcome = core(site(ground, tmp_path / "bad", with_jobs(JOB % trust)))
    failed(outcome, code="reload-refused", why="nowhere.pem: no such file", hint="the former one")
    assert asked(master, "status/config") == in_force
    assert asked(master, "status/runtimeinfo")["reloadConfigSuccess"] is True
    assert core(good).status is Status.OK


def test_a_folder_of_the_operators_own_is_seen_inside(
    ground: Ground, master: Server, tmp_path: Path
) -> None:
    """By promtool, which looks for the files that a job names, and by Prometheus."""
    master.exec(["sh", "-c", "mkdir -p /srv/mine && echo secret >/srv/mine/token"])
    login = ", authorization: {credentials_file: customer/token}"
    change = with_jobs(JOB % login, more="  customer_config_dir: /srv/mine\n")
    try:
        outcome = core(site(ground, tmp_path / "site", change))
        assert outcome.status is Status.CHANGED, outcome.why
        seen = ["docker", "exec", "prometheus", "cat", "/etc/prometheus/customer/token"]
        assert master.exec(seen).stdout == "secret\n"
    finally:
        master.exec(["rm", "-r", "/srv/mine"])


class TestTheEngineStops:
    """In the middle of deploy-core, twice, each time in another place; then nobody does harm."""

    def test_while_an_image_is_pulled(
        self, ground: Ground, fleet: Fleet, master: Server, tmp_path: Path
    ) -> None:
        """Nothing of the step is left. What needs it says so, and the workers get theirs."""
        ground.newest(ground.lab.config)
        fleet.where("master").run(destroy_stack).raise_for_failures()
        ground.server("gpu-02").reset()
        ground.lab.registry.vary("grafana:stand-in", to="grafana:slow", by=NEW_LAYER)
        config = ground.site(tmp_path / "site", config=with_image("grafana", "grafana:slow"))
        registry = ground.lab.registry.container.name
        before = files(master)
        docker("pause", registry)
        try:
            child = begin(config, "quickstart", "-y")
            pulling = ["pgrep", "-f", "^docker pull"]
            wait_until(lambda: master.exec(pulling, check=False).stdout, within=300)
            stop(master)
        finally:
            docker("unpause", registry)
        done = steps(child, exit_code=3)

        broken = done["deploy-core"]["master"]
        assert (broken["status"], broken["code"]) == ("failed", "engine"), broken
        assert broken["rollback"] == "complete"
        assert "install-prerequisites" in broken["hint"]
        for step in ("configure-prometheus", "import-dashboards", "setup-proxy"):
            assert done[step]["master"]["status"] == "not_run"
            assert "deploy-core did not come out well" in done[step]["master"]["why"]
        for step in ("deploy-ipmi-monitor", "deploy-marketplace-exporters"):
            assert done[step]["master"]["code"] == "engine"
        exporters = done["install-exporters"]
        assert {exporters[name]["status"] for name in WORKERS} == {"ok", "changed"}
        assert look(ground.server("gpu-02")).service("node_exporter").is_running
        assert exporters["master"]["status"] == "not_run"
        assert differences(before, files(master)) == {}
        assert left_behind(master) == []

    def test_its_exporters_wait_until_their_address_is_known(
        self, ground: Ground, master: Server
    ) -> None:
        """They would answer everybody on the outer one."""
        with stopped(master):
            outcome = ground.fleet("master").run(install_exporters)["master"]
        failed(
            outcome,
            code="engine",
            why="at which address",
            hint="install-prerequisites",
            rollback="",
        )

    def test_while_containers_come_up(self, ground: Ground, master: Server) -> None:
        """What cannot be taken back without it is said. The next run converges."""
        ground.newest(ground.lab.config)
        child = begin(ground.lab.config, "quickstart", "-y")
        there = ["docker", "container", "inspect", "prometheus"]
        wait_until(lambda: master.exec(there, check=False).returncode == 0, within=300)
        stop(master)
        broken = steps(child, exit_code=3)["deploy-core"]["master"]
        assert (broken["status"], broken["code"]) == ("failed", "engine"), broken
        assert broken["rollback"].startswith("incomplete: ")

        steps(begin(ground.lab.config, "quickstart", "-y"), exit_code=0)
        assert {state for _, state, _ in containers(master).values()} == {"running"}
        again = steps(begin(ground.lab.config, "quickstart", "-y"), exit_code=0)
        assert {one["status"] for step in again.values() for one in step.values()} == {"ok"}


def stop(server: Server) -> None:
    """Stop the engine, as an operator does: nobody wakes it by asking."""
    server.exec(["systemctl", "stop", "docker.socket", "docker.service"])


@contextmanager
def stopped(server: Server) -> Iterator[None]:
    """Have no engine meanwhile."""
    stop(server)
    try:
        yield
    finally:
        server.exec(["systemctl", "start", "docker"])
