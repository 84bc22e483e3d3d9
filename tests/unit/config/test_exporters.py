"""The exporters that a configuration may speak of are those that dcov knows."""

from __future__ import annotations

from dcov.config.exporters import JOBS
from dcov.config.load import load
from dcov.exporters.catalogue import CATALOGUE


def test_they_are_those_of_the_catalogue() -> None:
    """A new exporter's name belongs into `JOBS`, or nobody can set its version or port."""
    assert {item.name: item.job for item in CATALOGUE} == JOBS


def test_a_port_may_stand_under_the_exporters_job(write) -> None:
    text = "servers: [{server_ip: 192.0.2.1, exporter_ports: {node: 19100, dc-exporter: 19835}}]"
    (server,) = load(write(text)).settings.servers
    assert server.exporter_ports == {"node": 19100, "dc-exporter": 19835}
