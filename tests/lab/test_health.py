"""What `dcov health` and `dcov status` say of a deployed site: well, and with one thing broken."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lab.command import Command
from lab.ground import NAMES, Ground, wait_until

from dcov.stack.health import Layer
from fleetlab.server import Server
from fleetlab.site import DOMAIN

JOBS = ("prometheus", "grafana", "cryptolabs-proxy", "ipmi-monitor", "vastai", "runpod")
TARGETS = len(NAMES) + len(JOBS)
SERVICES = {"prometheus", "grafana", "cryptolabs-proxy", "ipmi-monitor"} | {
    "vastai-exporter",
    "runpod-exporter",
}
CONFIG = "/etc/dc-overview/prometheus/prometheus.yml"
RULES = "/etc/dc-overview/prometheus/rules/dcov-hosts.yml"
STATE = (
    "find /etc/dc-overview /etc/cryptolabs-proxy /etc/ipmi-monitor /var/lib/dcov"
    " -printf '%p %T@ %C@\\n' | sort;"
    " docker ps -aq | xargs docker inspect -f '{{.Name}} {{.Id}} {{.State.StartedAt}}'"
)
# As an operator who lets a certificate of his own run out has it.
SHORT = f"""
cd /etc/cryptolabs-proxy/ssl
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3 \
    -subj /CN={DOMAIN} -addext subjectAltName=DNS:{DOMAIN} -keyout server.key -out server.crt
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What `dcov health` ended with and said; verdicts by layer and subject."""

    code: int
    document: Mapping[str, Any]

    @property
    def verdicts(self) -> dict[tuple[str, str], dict[str, Any]]:
        """All of them."""
        return {(item["layer"], item["subject"]): item for item in self.document["verdicts"]}

    @property
    def bad(self) -> set[tuple[str, str]]:
        """What is bad, and no mere warning."""
        return {key for key, item in self.verdicts.items() if item["level"] == "bad"}

    @property
    def bad_but_targets(self) -> set[tuple[str, str]]:
        """The same without what Prometheus will only notice when it scrapes the next time."""
        return {key for key in self.bad if key[0] != "targets"}

    def subjects(self, layer: str) -> set[str]:
        """What there is something to say of in a layer."""
        return {subject for of, subject in self.verdicts if of == layer}


@pytest.fixture
def dcov(ground: Ground) -> Command:
    """The command, on a site that is deployed."""
    return Command(config=ground.deployed().site.path)


@pytest.fixture
def master(ground: Ground) -> Server:
    return ground.server("master")


def health(dcov: Command, *words: str) -> Seen:
    done = dcov("health", "-o", "json", *words)
    assert done.stdout, done.stderr
    return Seen(code=done.returncode, document=json.loads(done.stdout))


def status(dcov: Command) -> dict[str, Any]:
    done = dcov("status", "-o", "json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def states(dcov: Command) -> dict[str, str]:
    return {item["name"]: item["state"] for item in status(dcov)["services"]}


def started(server: Server) -> dict[str, str]:
    """When each container was started, by name."""
    script = "docker ps -aq | xargs docker inspect -f '{{.Name}} {{.State.StartedAt}}'"
    lines = server.exec(["sh", "-c", script]).stdout.splitlines()
    return dict(line.removeprefix("/").split(" ") for line in lines)


def test_a_deployed_site_is_well_in_every_layer(dcov: Command, master: Server) -> None:
    """Every layer is looked at, nothing is found, and nothing is changed by looking."""
    wait_until(lambda: health(dcov).document["verdict"] == "ok", within=120)  # all is scraped
    before = master.exec(["sh", "-c", STATE]).stdout
    found = health(dcov)
    assert found.code == 0
    assert found.document["layers"] == {str(layer): "ok" for layer in Layer}
    assert found.subjects("servers") == found.subjects("clock") == set(NAMES)
    assert found.subjects("exporters") == {f"{name} node_exporter" for name in NAMES}
    assert {f"{name} /" for name in NAMES} <= found.subjects("disk")
    assert found.subjects("containers") == SERVICES
    targets = {f"{name} node" for name in NAMES} | {f"master {job}" for job in JOBS}
    assert found.subjects("targets") == targets
    assert {"dcov-hosts", "dcov-gpu", "dcov-fleet"} <= found.subjects("rules")
    routes = {"/", "/grafana/", "/prometheus/", "/prometheus/-/", "/ipmi/"}
    assert routes <= found.subjects("proxy")
    assert found.subjects("certificate") == {DOMAIN}
    said = dcov("health")
    assert said.returncode == 0
    assert [line.split()[:2] for line in said.stdout.splitlines()[1:]] == [
        [str(layer), "ok"] for layer in Layer
    ]

    glance = status(dcov)
    images = "docker inspect -f '{{.Name}} {{.Config.Image}} {{.State.StartedAt}}' $(docker ps -q)"
    listed = master.exec(["sh", "-c", images]).stdout.splitlines()
    assert {
        (item["name"], item["image"], moment(item["since"])) for item in glance["services"]
    } == {
        (name[1:], image, moment(since)) for name, image, since in (row.split() for row in listed)
    }
    versions = {item["name"]: item["version"] for item in glance["services"]}
    assert (versions["prometheus"], versions["cryptolabs-proxy"]) == ("2.42.0", "1.22.1")
    assert {(item["state"], item["health"]) for item in glance["services"]} == {
        ("running", "healthy")
    }
    assert glance["targets"] == {"up": TARGETS, "all": TARGETS}
    ends = "openssl x509 -noout -enddate -in /etc/cryptolabs-proxy/ssl/server.crt | cut -d= -f2"
    seconds = master.exec(["sh", "-c", f'date -d "$({ends})" +%s']).stdout
    left = datetime.fromtimestamp(int(seconds), tz=UTC) - datetime.now(tz=UTC)
    assert glance["certificate_days"] == left.days
    sizes = master.exec(["sh", "-c", "df -Pk / | awk 'NR == 2 { print $2 }'"]).stdout
    assert glance["disks"][0]["path"] == "/"
    assert glance["disks"][0]["size_kib"] == int(sizes)
    assert master.exec(["sh", "-c", STATE]).stdout == before


def moment(text: str) -> datetime:
    """Read a time to the second: Docker writes nanoseconds."""
    return datetime.fromisoformat(text[:19])


def test_a_silent_exporter_is_named_and_stays_a_target(
    dcov: Command, ground: Ground, tmp_path: Path
) -> None:
    """Its server and what to do, while it is watched; and no other server is the worse for it."""
    worker, out = ground.server("gpu-01"), tmp_path / "out"
    exporter, target = ("exporters", "gpu-01 node_exporter"), ("targets", "gpu-01 node")
    try:
        words = ("health", "--watch", "0.2", "--limit", "gpu-01", "-o", "name")
        with dcov.going(*words, out=out):
            wait_until(lambda: "4 ok" in out.read_text())
            worker.exec(["systemctl", "stop", "node_exporter"])
            wait_until(lambda: "3 ok, 1 bad" in out.read_text())
        wait_until(lambda: health(dcov).bad == {exporter, target}, within=60)
        found = health(dcov)
        assert found.code == 3
        assert found.verdicts[exporter]["server"] == "gpu-01"
        assert found.verdicts[exporter]["why"] == "is stopped"
        assert "dcov run install-exporters --limit gpu-01" in found.verdicts[exporter]["hint"]
        assert "refused" in found.verdicts[target]["why"]
        assert status(dcov)["targets"] == {"up": TARGETS - 1, "all": TARGETS}
        said = dcov("health")
        assert said.returncode == 3
        assert "-> `dcov run install-exporters --limit gpu-01` brings it back" in said.stdout
        assert health(dcov, "--limit", "gpu-02").code == 0
        mended = dcov("run", "install-exporters", "--limit", "gpu-01")
        assert mended.returncode == 0, mended.stdout
    finally:
        worker.exec(["systemctl", "start", "node_exporter"])
    assert exporter not in health(dcov, "--limit", "gpu-01").bad


@pytest.mark.parametrize(
    ("name", "follows"),
    [
        (
            "prometheus",
            {
                ("grafana", "data source prometheus"),
                ("proxy", "/prometheus/"),
                ("proxy", "/prometheus/-/"),
                ("proxy", "/prometheus/api/v1/admin/"),
            },
        ),
        ("grafana", {("proxy", "/grafana/")}),
        ("cryptolabs-proxy", set()),
    ],
)
def test_a_stopped_container_is_named_and_restart_brings_it_back(
    dcov: Command, master: Server, name: str, follows: set[tuple[str, str]]
) -> None:
    """It is bad, and what people see of it; `restart` starts it and touches no other."""
    before = started(master)
    master.exec(["docker", "stop", name])
    found = health(dcov)
    assert found.code == 3
    assert found.bad_but_targets == {("containers", name), *follows}
    verdict = found.verdicts["containers", name]
    assert "is exited" in verdict["why"]
    assert f"`dcov restart {name}` starts it" in verdict["hint"]
    seen = status(dcov)
    assert {one["name"]: one["state"] for one in seen["services"]}[name] == "exited"
    assert (seen["targets"]["up"] is None) == (name == "prometheus")
    said = dcov("restart", name)
    assert said.returncode == 0, said.stdout
    assert f"restarted {name}" in said.stderr
    after = started(master)
    assert {one for one in after if after[one] != before[one]} == {name}
    assert health(dcov).bad_but_targets == set()


def test_a_certificate_that_is_about_to_end_is_seen_and_renewed(
    dcov: Command, master: Server
) -> None:
    """As the proxy shows it, once it has read it; `setup-proxy` makes another."""
    try:
        master.exec(["sh", "-c", SHORT])
        reloaded = dcov("proxy", "reload")
        assert reloaded.returncode == 0, reloaded.stdout
        found = health(dcov, "--limit", "master")
        assert found.code == 3
        assert found.bad_but_targets == {("certificate", DOMAIN)}
        verdict = found.verdicts["certificate", DOMAIN]
        assert verdict["why"] == "2 days left"
        assert "dcov run setup-proxy" in verdict["hint"]
        assert status(dcov)["certificate_days"] == 2
    finally:
        mended = dcov("run", "setup-proxy")
    assert mended.returncode == 0, mended.stdout
    found = health(dcov, "--limit", "master")
    assert found.code == 0
    assert int(found.verdicts["certificate", DOMAIN]["why"].split()[0]) > 300


def test_rules_that_are_gone_are_named_and_brought_back(dcov: Command, master: Server) -> None:
    """What a `reload-prometheus` has made Prometheus forget, configure-prometheus brings in."""
    groups = master.exec(["sed", "-n", "s/^  - name: //p", RULES]).stdout.split()
    lost = {("rules", group) for group in groups}
    assert ("rules", "dcov-hosts") in lost
    master.exec(["rm", RULES])
    try:
        assert dcov("run", "reload-prometheus").returncode == 0
        found = health(dcov, "--limit", "master")
        assert found.code == 3
        assert found.bad_but_targets == lost
        assert {found.verdicts[one]["why"] for one in lost} == {"is not loaded"}
        assert "dcov run configure-prometheus" in found.verdicts["rules", "dcov-hosts"]["hint"]
    finally:
        mended = dcov("run", "configure-prometheus")
    assert mended.returncode == 0, mended.stdout
    assert health(dcov, "--limit", "master").bad_but_targets == set()


def test_a_configuration_that_prometheus_refuses_is_seen(dcov: Command, master: Server) -> None:
    """The reload fails in Prometheus' words; it goes on with the former one, and health says so."""
    master.exec(["cp", "-p", CONFIG, "/root/kept"])
    try:
        master.exec(["sh", "-c", f"echo 'nonsense: true' >> {CONFIG}"])
        refused = dcov("run", "reload-prometheus")
        assert refused.returncode == 3
        assert "field nonsense not found" in refused.stdout
        found = health(dcov, "--limit", "master")
        assert found.code == 3
        assert found.bad_but_targets == {("prometheus", "prometheus")}
        assert "refused its configuration" in found.verdicts["prometheus", "prometheus"]["why"]
    finally:
        master.exec(["sh", "-c", f"cp -p /root/kept {CONFIG} && rm /root/kept"])
        mended = dcov("run", "reload-prometheus")
    assert mended.returncode == 0, mended.stdout
    assert health(dcov, "--limit", "master").bad_but_targets == set()


def test_a_disk_that_is_nearly_full_is_seen(dcov: Command, master: Server) -> None:
    """The file system is named, and how much of it is left."""
    master.fill_disk("/etc/dc-overview", leave_bytes=2**20)
    try:
        found = health(dcov, "--limit", "master")
        assert found.code == 3
        assert found.bad_but_targets == {("disk", "master /etc/dc-overview")}
        why = found.verdicts["disk", "master /etc/dc-overview"]["why"]
        assert re.fullmatch(r"[0-4]% of 0\.1 GiB are free", why)
    finally:
        master.free_disk("/etc/dc-overview")


def test_a_master_that_cannot_be_reached_has_an_exit_code_of_its_own(
    dcov: Command, master: Server
) -> None:
    """4: with it the worker behind it is lost, and of those that answer nothing is bad."""
    master.stop_sshd()
    try:
        found = health(dcov)
        assert found.code == 4
        assert found.bad == {("servers", "master"), ("servers", "gpu-04")}
        assert all(found.verdicts[one]["unreachable"] for one in found.bad)
        assert found.subjects("exporters") == {f"gpu-0{n} node_exporter" for n in (1, 2, 3)}
        glance = dcov("status")
        assert glance.returncode == 4
        assert glance.stderr.startswith("connection-refused: master")
    finally:
        master.start_sshd()
    assert health(dcov).bad_but_targets == set()
