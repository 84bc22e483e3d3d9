"""Scrape targets of two servers at one place: told by `config check`, refused where written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dcov import Fleet, Status
from dcov.errors import ConfigError
from dcov.inventory.notices import notices
from dcov.inventory.site import Site
from dcov.monitoring import targets
from dcov.tasks import configure_prometheus

HEAD = "site_name: twins\nmaster: {name: head, server_ip: 192.0.2.9}\nservers:\n"
BEHIND_NAT = """\
  - {name: gpu-01, server_ip: 203.0.113.5, ssh_port: 2201}
  - {name: gpu-02, server_ip: 203.0.113.5, ssh_port: 2202}
"""
TWINS = {
    "one address behind NAT": BEHIND_NAT,
    "one address, two spellings": """\
  - {name: gpu-01, server_ip: "2001:db8::5"}
  - {name: gpu-02, server_ip: 192.0.2.2, scrape_address: "2001:DB8:0:0::5"}
""",
    "a name in capitals": """\
  - {name: gpu-01, server_ip: gpu.example.org}
  - {name: gpu-02, server_ip: 192.0.2.2, scrape_address: GPU.example.org.}
""",
    "a port of another exporter": """\
  - {name: gpu-01, server_ip: 203.0.113.5, ssh_port: 2201, exporter_ports: {node: 9101}}
  - {name: gpu-02, server_ip: 203.0.113.5, ssh_port: 2202, has_gpu: true, exporter_ports: {gpu: 9101}}
""",  # noqa: E501  # one server a line
}

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(servers: str) -> Path:
        file = tmp_path / "fleet-config.yaml"
        file.write_text(HEAD + servers)
        return file

    return write


@pytest.mark.parametrize("servers", TWINS.values(), ids=TWINS.keys())
def test_two_at_one_place_are_both_named(write: Write, servers: str) -> None:
    """Prometheus would read one of them twice, and show it under the other's name."""
    with pytest.raises(ConfigError) as refused:
        targets(Site.load(write(servers)))
    message = refused.value.problems[0].message
    assert "gpu-01" in message
    assert "gpu-02" in message
    assert "exporter_ports or scrape_address" in message


def test_what_writes_targets_stops_and_nothing_else(write: Write) -> None:
    """The site loads, and other work goes on; the master's Prometheus is not touched."""
    config = write(BEHIND_NAT)
    config.write_text(config.read_text().replace("{name: head, server_ip: 192.0.2.9}", "local"))
    fleet = Fleet.load(config)
    assert len(fleet.where("gpu-*")) == 2
    (outcome,) = fleet.plan(configure_prometheus, file="/none/prometheus.yml").report.outcomes
    assert (outcome.status, outcome.code) == (Status.FAILED, "config")
    assert "gpu-01 (node) and gpu-02 (node) would both be scraped at 203.0.113.5:9100" in (
        outcome.why
    )


@pytest.mark.parametrize("servers", TWINS.values(), ids=TWINS.keys())
def test_config_check_only_tells_of_them(write: Write, servers: str) -> None:
    """A notice that names both, and nothing that is refused."""
    (notice,) = notices(Site.load(write(servers)), ports={"node": 9100})
    assert "gpu-01" in str(notice)
    assert "gpu-02" in str(notice)


def test_ports_of_their_own_part_them(write: Write) -> None:
    """As behind NAT, where each has its own port outside."""
    site = Site.load(write(BEHIND_NAT.replace("2202}", "2202, exporter_ports: {node: 9101}}")))
    places = [target.place for target in targets(site) if target.instance.startswith("gpu")]
    assert places == ["203.0.113.5:9100", "203.0.113.5:9101"]
    assert notices(site, ports={"node": 9100}) == ()
