"""Scrape targets that are one and the same."""

from __future__ import annotations

from dcov.inventory.notices import notices
from dcov.inventory.site import Site

NAT = """
servers:
  - {name: a, server_ip: 198.51.100.7, ssh_port: 2201, exporter_ports: {node_exporter: 19100}}
  - {name: b, server_ip: 198.51.100.7, ssh_port: 2202, exporter_ports: {node_exporter: %s}}
"""


def test_two_servers_at_one_target_are_noticed_and_nothing_is_hindered(write) -> None:
    file = write(NAT % 19100)
    (notice,) = notices(Site.load(file))
    assert str(notice) == (
        f"{file}:1: b.exporter_ports: node_exporter of b and node_exporter of a are one target, "
        "198.51.100.7 port 19100; give each a port of its own"
    )


def test_ports_of_their_own_are_no_reason_for_a_notice(write) -> None:
    assert notices(Site.load(write(NAT % 19101))) == ()


def test_the_exporters_own_ports_count_where_none_is_declared(write) -> None:
    """A server behind NAT of which nobody said how its exporters are reached."""
    site = Site.load(
        write(
            "servers:\n  - {name: a, server_ip: 198.51.100.7, ssh_port: 2201}\n"
            "  - {name: b, server_ip: 198.51.100.7, ssh_port: 2202}\n"
        )
    )
    assert notices(site) == ()
    ports = {"node_exporter": 9100, "dc-exporter": 9835}
    keys = [notice.message.partition(" are")[0] for notice in notices(site, ports=ports)]
    assert keys == [
        "node_exporter of b and node_exporter of a",
        "dc-exporter of b and dc-exporter of a",
    ]


def test_two_exporters_of_one_server_at_one_port_are_noticed(write) -> None:
    text = "servers: [{name: a, server_ip: a.example, exporter_ports: {node: 9100, gpu: 9100}}]"
    (notice,) = notices(Site.load(write(text)))
    assert notice.message.startswith("gpu of a and node of a are one target")


def test_notices_of_the_configuration_are_among_them(write) -> None:
    (notice,) = notices(Site.load(write("security: {ufw_enabled: true}")))
    assert notice.key == "security"
