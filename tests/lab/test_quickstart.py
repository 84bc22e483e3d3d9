"""`dcov quickstart` from blank servers, as an operator runs it; then looked at from outside."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from lab.ground import NAMES, Ground, wait_until
from lab.seen import differences, files

from dcov import Fleet
from dcov.stack.proxy import ROUTES
from fleetlab import Lab

STEPS = [
    "install-prerequisites",
    "setup-ssh-keys",
    "deploy-core",
    "install-exporters",
    "configure-prometheus",
    "import-dashboards",
    "deploy-ipmi-monitor",
    "deploy-marketplace-exporters",
    "setup-proxy",
]
CONTAINERS = {
    "prometheus",
    "grafana",
    "cryptolabs-proxy",
    "ipmi-monitor",
    "vastai-exporter",
    "runpod-exporter",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Blank servers: planned, deployed, and deployed again."""

    before: Mapping[str, str]
    planned: Mapping[str, str]
    plan: Mapping[str, Any]
    first: Mapping[str, Any]
    second: Mapping[str, Any]


def dcov(lab: Lab, *words: str) -> Mapping[str, Any]:
    """Run the command as a stranger would, and return its report."""
    argv = [sys.executable, "-c", "import dcov.cli; dcov.cli.main()", *words, "-o", "json"]
    env = {**os.environ, "DCOV_CONFIG": str(lab.config)}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=600)
    assert done.stdout, done.stderr
    report: Mapping[str, Any] = json.loads(done.stdout)
    return {**report, "exit": done.returncode, "said": done.stderr}


@pytest.fixture(scope="module")
def story(lab: Lab, ground: Ground) -> Story:
    ground.blank(*NAMES)
    master = ground.server("master")
    before = files(master)
    plan = dcov(lab, "quickstart", "--dry-run", "--detailed-exitcode")
    return Story(
        before=before,
        planned=files(master),
        plan=plan,
        first=dcov(lab, "quickstart", "-y"),
        second=dcov(lab, "quickstart", "-y"),
    )


@pytest.fixture
def fleet(story: Story, ground: Ground) -> Fleet:
    """The fleet, deployed."""
    assert story.first["exit"] == 0, story.first["said"]
    return ground.fleet()


def statuses(report: Mapping[str, Any]) -> set[str]:
    return {server["status"] for step in report["steps"] for server in step["servers"]}


def test_a_plan_of_a_blank_site_is_whole_and_touches_nothing(story: Story) -> None:
    """No step of it is incomplete, although nothing of what it needs is there yet."""
    assert story.plan["exit"] == 5
    assert [step["task"] for step in story.plan["steps"]] == STEPS
    assert statuses(story.plan) <= {"ok", "changed"}
    assert differences(story.before, story.planned) == {}


def test_everything_comes_up(story: Story, ground: Ground, fleet: Fleet) -> None:
    """Each step by itself, and every container by its own health check."""
    assert statuses(story.first) <= {"ok", "changed"}
    listed = (
        ground.server("master").exec(["docker", "ps", "--format", "{{.Names}} {{.Status}}"]).stdout
    )
    states = dict(line.split(" ", 1) for line in listed.splitlines())
    assert set(states) == CONTAINERS
    assert all(state.endswith("(healthy)") for state in states.values()), states


def test_a_second_run_changes_nothing(story: Story, fleet: Fleet) -> None:
    assert story.second["exit"] == 0, story.second["said"]
    changed = [
        (step["task"], server["server"], change["resource"])
        for step in story.second["steps"]
        for server in step["servers"]
        for change in server["changes"]
        if change["action"] != "noop"
    ]
    assert changed == []


def test_every_target_is_up_and_its_own(fleet: Fleet) -> None:
    """No two share job and instance; each says its site and role."""
    with fleet.prometheus as prometheus:
        wait_until(
            lambda: (
                len(found := prometheus.query("up")) == 11
                and all(sample.value == 1 for sample in found)
            ),
            within=90,
        )
        samples = prometheus.query("up")
        (ends,) = prometheus.query("dcov_certificate_expires_timestamp_seconds")
    assert 390 < (ends.value - time.time()) / 86_400 < 398
    keys = Counter((sample.labels["job"], sample.labels["instance"]) for sample in samples)
    assert set(keys.values()) == {1}
    assert {instance for job, instance in keys if job == "node"} == set(NAMES)
    assert {sample.labels["site"] for sample in samples} == {fleet.site.name}


def test_an_exporter_that_stops_stays_a_target(fleet: Fleet, ground: Ground) -> None:
    """It is down, and alerts; it does not vanish."""
    server = ground.server("gpu-01")
    server.exec(["systemctl", "stop", "node_exporter"])
    try:
        with fleet.prometheus as prometheus:
            query = 'up{job="node",instance="gpu-01"}'
            wait_until(lambda: [s.value for s in prometheus.query(query)] == [0.0], within=40)
    finally:
        server.exec(["systemctl", "start", "node_exporter"])


def test_a_stranger_is_asked_for_a_login_everywhere(fleet: Fleet) -> None:
    """Every route on 443 but the ACME challenges'; 80 leads there."""
    base = f"https://{fleet.master.entry.login.address}"
    with requests.Session() as http:
        http.verify = False
        http.trust_env = False
        for path in ("/", "/login", "/dc/", *(route.path for route in ROUTES)):
            with pytest.warns(match="Unverified HTTPS"):
                answer = http.get(base + path, allow_redirects=False, timeout=10)
            assert answer.status_code == 401, path
        challenge = "/.well-known/acme-challenge/none"
        with pytest.warns(match="Unverified HTTPS"):
            assert http.get(base + challenge, timeout=10).status_code == 404
        plain = http.get(
            base.replace("https", "http") + "/grafana/", allow_redirects=False, timeout=10
        )
        assert plain.status_code in {301, 302, 307, 308}
        assert plain.headers["Location"].startswith("https://")


def test_with_a_login_every_service_answers(fleet: Fleet) -> None:
    """Through nginx, each under its own path; what does not exist yet is not found."""
    settings = fleet.site.settings
    assert settings.fleet_admin_pass is not None
    base = f"https://{fleet.master.entry.login.address}"
    with requests.Session() as http:
        http.auth = (settings.fleet_admin_user, settings.fleet_admin_pass.reveal())
        http.verify = False
        http.trust_env = False
        wanted = {
            "/": 200,
            "/grafana/api/user": 200,
            "/prometheus/api/v1/query?query=up": 200,
            "/ipmi/": 200,
            "/dc/": 404,
        }
        for path, status in wanted.items():
            with pytest.warns(match="Unverified HTTPS"):
                answer = http.get(base + path, timeout=10)
            assert answer.status_code == status, path
        with pytest.warns(match="Unverified HTTPS"):
            user = http.get(base + "/grafana/api/user", timeout=10).json()
        assert user["login"] == settings.fleet_admin_user


def test_nothing_else_answers_on_the_masters_outer_address(fleet: Fleet) -> None:
    """Of all ports only SSH's and the proxy's are open."""
    address = fleet.master.entry.login.address

    def is_open(port: int) -> bool:
        with socket.socket() as sock:
            sock.settimeout(2)
            return sock.connect_ex((address, port)) == 0

    with ThreadPoolExecutor(64) as pool:
        ports = range(1, 65536)
        found = {port for port, yes in zip(ports, pool.map(is_open, ports), strict=True) if yes}
    assert found == {22, 80, 443}
