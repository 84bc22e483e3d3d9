"""The schema that editors and the documentation are made from, and what `config show` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from dcov.config.known import KNOWN
from dcov.config.load import load
from dcov.config.schema import schema
from dcov.config.settings import Settings
from dcov.config.show import show

ADDED = {
    "master",
    "images",
    "volumes",
    "mirror",
    "exporters",
    "ssh.agent",
    "ssh.sudo_password",
    "servers.role",
    "servers.labels",
    "servers.ssh_host",
    "servers.ssh_jump",
    "servers.sudo_password",
    "servers.scrape_address",
    "servers.exporter_ports",
}


def keys() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the top keys, and those of the two sections to which dcov adds some."""
    made = schema()
    yield from made["properties"].items()
    for definition, prefix in {"SshSettings": "ssh.", "ServerSettings": "servers."}.items():
        for name, part in made["$defs"][definition]["properties"].items():
            yield prefix + name, part


def test_every_key_is_described() -> None:
    """A section's description stands where it is defined."""
    made = schema()
    for part in (made, *made["$defs"].values()):
        for name, key in part.get("properties", {}).items():
            section = made["$defs"].get(key.get("$ref", "").rpartition("/")[2], {})
            assert key.get("description") or section["description"], name


def test_the_keys_that_dcov_adds_are_marked() -> None:
    assert {name for name, part in keys() if part.get("dcov") == "added"} == ADDED


def test_keys_without_effect_are_deprecated_and_say_why() -> None:
    made = schema()
    assert made["properties"]["security"] == {
        "description": "No effect: dcov manages no firewall: no port is opened or closed by it. "
        "Instead: let SSH, 80 and 443 in by your own firewall; dcov publishes nothing else.",
        "deprecated": True,
    }
    servers = made["$defs"]["ServerSettings"]["properties"]
    assert servers["exporters_installed"]["deprecated"] is True
    assert len(KNOWN) > len({known.path[-1] for known in KNOWN}) > 0


def test_passwords_are_marked_as_such() -> None:
    password = schema()["$defs"]["SshSettings"]["properties"]["password"]["anyOf"][0]
    assert password == {"type": "string", "format": "password", "writeOnly": True}


def test_the_schema_is_json() -> None:
    assert json.loads(json.dumps(schema())) == schema()


def test_show_masks_every_secret(write) -> None:
    text = """
fleet_admin_pass: hunter-1
servers: [{name: gpu-01, server_ip: 192.0.2.1, sudo_password: hunter-2, labels: {rack: a1}}]
vast: {api_keys: [{name: main, key: hunter-3}]}
prometheus:
  extra_scrape_configs:
    - job_name: mine
      basic_auth: {username: me, password_file: /etc/prometheus/password}
"""
    shown = show(load(write(text)).settings)
    assert "hunter" not in json.dumps(shown)
    assert shown["fleet_admin_pass"] == "***"
    assert shown["servers"] == [
        {
            "name": "gpu-01",
            "server_ip": "192.0.2.1",
            "sudo_password": "***",
            "labels": {"rack": "a1"},
            "exporter_ports": {},
        }
    ]
    assert shown["vast"]["api_keys"] == [{"name": "main", "key": "***"}]
    (scrape,) = shown["prometheus"]["extra_scrape_configs"]
    assert scrape["basic_auth"] == {"username": "me", "password_file": "/etc/prometheus/password"}


def test_show_includes_the_defaults() -> None:
    shown = show(Settings())
    assert shown["ssh"] == {"username": "root", "port": 22}
    assert "master_ip" not in shown
