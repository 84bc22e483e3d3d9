"""A worker that joins a site which is deployed already: by three commands, and nothing restarts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.command import dcov
from lab.ground import Ground, wait_until

from dcov import Fleet
from dcov.tasks import configure_prometheus
from fleetlab.server import Server

NAME = "gpu-04"
STARTED = 'process_start_time_seconds{job="prometheus"}'


@pytest.fixture(scope="module")
def config(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The lab's site without its last server, deployed; that one is blank."""
    ground.deployed()
    ground.blank(NAME)
    config = ground.site(tmp_path_factory.mktemp("site"), config=without_newcomer)
    Fleet.load(config).where("master").run(configure_prometheus).raise_for_failures()
    yield config
    ground.installed(NAME)
    ground.newest(ground.lab.config)  # the master has the other copy now
    ground.fleet("master").run(configure_prometheus).raise_for_failures()


def test_a_newcomer_is_scraped_and_nothing_restarts(config: Path, ground: Ground) -> None:
    """Within 30 s of the last command; Prometheus is the same process all along."""
    server = ground.server(NAME)
    query = f'up{{job="node",instance="{NAME}"}}'
    with Fleet.load(config).prometheus as prometheus:
        # Prometheus ends the series of a target that is gone some scrapes later.
        wait_until(lambda: not prometheus.query(query), within=120)
        wait_until(lambda: prometheus.query(STARTED), within=30)
        began = prometheus.query(STARTED)
        before = container(ground.server("master"))
        for words in (
            ("servers", "add", NAME, server.address, "--ssh-jump", "master"),
            ("run", "install-exporters", "--limit", NAME),
            ("run", "configure-prometheus"),
        ):
            done = dcov(config, *words)
            assert done.returncode == 0, done.stderr
        wait_until(lambda: [item.value for item in prometheus.query(query)] == [1.0], within=30)
        assert prometheus.query(STARTED) == began
    assert container(ground.server("master")) == before


def without_newcomer(text: str) -> str:
    """The site's configuration as it was before."""
    kept, found = re.subn(rf"(?m)^  - name: {NAME}\n(?:    .*\n)*", "", text)
    assert found == 1
    return kept


def container(master: Server) -> str:
    """Which one Prometheus is, and since when."""
    form = "{{.Id}} {{.State.StartedAt}} {{.State.Pid}}"
    return master.exec(["docker", "inspect", "-f", form, "prometheus"]).stdout
