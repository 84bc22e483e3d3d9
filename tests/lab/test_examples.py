"""The examples that need exporters and a Prometheus, and the first page's code, on the lab."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from lab.ground import WORKERS, Ground, wait_until
from nbclient import NotebookClient
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


@pytest.mark.timeout(900)
def test_a_site_from_a_notebook(ground: Ground, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planned, deployed where a server is blank again, well, and changed no more."""
    ground.deployed()
    ground.blank("gpu-01")
    monkeypatch.setenv("DCOV_CONFIG", str(lab.config))
    notebook = nbformat.read(ROOT / "examples" / "notebooks" / "quickstart.ipynb", as_version=4)
    NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    _, plan, exporters, deployed, times, health, again = map(_shown, _code(notebook))
    assert re.search(r"^install-exporters +[1-9]\d* changes; 4 ok, 1 changed$", plan, re.MULTILINE)
    assert "gpu-01 unit:node_exporter create" in exporters
    # The master has the new host key to take over, too.
    assert re.search(r"<caption>quickstart: [34] ok, [12] changed</caption>", deployed), deployed
    assert re.search(r"^setup-proxy +[0-9.]+ s  1 ok$", times, re.MULTILINE)
    for layer in ("servers", "exporters", "containers", "grafana", "proxy", "certificate"):
        assert f"<td>{layer}</td><td>ok</td>" in health, health
    assert again.startswith("'0 changed in ")


def test_what_prometheus_sees(lab: Lab, ground: Ground, run: Runs) -> None:
    """A table of servers and exporters, all up."""
    with ground.deployed().prometheus as prometheus:
        wait_until(lambda: {item.health for item in prometheus.targets()} == {"up"}, within=60)
    targets = run("examples/targets.py", lab.config)
    assert targets.returncode == 0, targets.stdout + targets.stderr
    for name in WORKERS:
        assert name in targets.stdout


def test_prometheus_alone(lab: Lab, ground: Ground, run: Runs) -> None:
    """Where the whole site runs, the script for Prometheus alone finds it as it would make it."""
    ground.deployed()
    done = run("examples/only_prometheus.py", lab.config)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("1 ok\n")
    assert "prometheus of master: up\n" in done.stdout


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


def _code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _shown(cell: Any) -> str:
    """Return what stands below a cell: what it printed, or its value, as HTML if it has that."""
    texts = (
        item.get("text") or item["data"].get("text/html") or item["data"]["text/plain"]
        for item in cell.outputs
    )
    return "".join(texts)
