"""The examples that need exporters and a Prometheus, and the first page's code, on the lab."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from lab.ground import WORKERS, Ground, wait_until
from pages import ROOT, Page

from fleetlab import Lab

Runs = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(lab: Lab) -> Runs:
    """Run Python with this lab as the site."""

    def run(*argv: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *map(str, argv)],
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
            cwd=cwd,
            env={**os.environ, "DCOV_CONFIG": str(lab.config), "COLUMNS": "160"},
        )

    return run


def test_a_careful_installation(ground: Ground, run: Runs) -> None:
    """The second installation finds nothing to do."""
    ground.blank(*WORKERS)
    first = run("examples/install_and_verify.py")
    assert first.returncode == 0, first.stdout + first.stderr
    assert f"install-exporters: {len(WORKERS)} changed" in first.stdout
    again = run("examples/install_and_verify.py")
    assert f"0 of {len(WORKERS)} servers would change" in again.stdout


def test_what_prometheus_sees(lab: Lab, ground: Ground, run: Runs) -> None:
    """A table of servers and exporters, all up."""
    with ground.deployed().prometheus as prometheus:
        wait_until(lambda: {sample.value for sample in prometheus.query("up")} == {1}, within=40)
    targets = run("examples/targets.py", lab.config)
    assert targets.returncode == 0, targets.stdout + targets.stderr
    for name in WORKERS:
        assert name in targets.stdout


def test_what_failed_is_named_with_its_hint_and_run_again(ground: Ground, run: Runs) -> None:
    """A server without a running sshd is planned as unreachable, the others are installed."""
    ground.blank("gpu-01", "gpu-02")
    server = ground.server("gpu-02")
    server.stop_sshd()
    try:
        done = run("examples/install_and_verify.py")
    finally:
        server.start_sshd()
    assert done.returncode == 1
    assert "gpu-02: " in done.stdout
    assert "unreachable" not in ground.fleet("gpu-01").sh("true").summary
    assert run("examples/install_and_verify.py").returncode == 0


def test_the_code_of_the_first_page_runs(lab: Lab, ground: Ground, run: Runs) -> None:
    """As it stands in README.md, in the folder of a site."""
    ground.deployed()
    (block,) = [item for item in Page(ROOT / "README.md").blocks if item.info == "python"]
    done = run("-c", block.text, cwd=lab.config.parent)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Sample(" in done.stdout


def test_facts_of_real_servers(run: Runs) -> None:
    done = run("examples/fleet_facts.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Debian GNU/Linux 12") == len(WORKERS) + 1


def test_a_task_of_ones_own_on_real_servers(ground: Ground, tmp_path: Path, run: Runs) -> None:
    """It is kept, readable by all, and the second run changes nothing."""
    config = ground.site(tmp_path, config=_with_labels)
    first = run("examples/own_task.py", config)
    assert first.returncode == 0, first.stdout + first.stderr
    written = ground.server("gpu-01").exec(["cat", "/var/lib/node_exporter/gpu-01.prom"]).stdout
    assert written == 'server_info{rack="a1"} 1\n'
    assert "gpu-01: ok" in run("examples/own_task.py", config).stdout
    ground.server("gpu-01").exec(["rm", "-r", "/var/lib/node_exporter"])


def _with_labels(config: str) -> str:
    labelled = config.replace("  - name: gpu-01\n", "  - name: gpu-01\n    labels: {rack: a1}\n")
    assert labelled != config
    return labelled
