"""The example site in inventory/, in its two forms, and the existing product's sample."""

from __future__ import annotations

import shutil
from pathlib import Path

from dcov.inventory.entry import Role
from dcov.inventory.nornir import load_folder
from dcov.inventory.notices import notices
from dcov.inventory.site import Site

EXAMPLES = Path(__file__).parents[3] / "inventory"


def test_the_configuration_and_the_nornir_inventory_are_the_same_fleet() -> None:
    config = Site.load(EXAMPLES / "fleet-config.yaml")
    folder = load_folder(EXAMPLES)
    assert list(config.entries) == list(folder.entries)
    assert dict(config.entries) == dict(folder.entries)
    assert config.name == folder.name
    assert config.known_hosts == folder.known_hosts


def test_the_example_shows_what_sites_have() -> None:
    site = Site.load(EXAMPLES / "fleet-config.yaml")
    assert site.master.name == "monitor"
    assert site["gpu-05"].login.jump == "monitor"
    assert site["gpu-03"].login.address == site["gpu-04"].login.address
    assert notices(site, ports={"node_exporter": 9100, "dc-exporter": 9835}) == ()


def test_the_existing_products_sample_loads(tmp_path: Path, monkeypatch) -> None:
    """Its key is expected in the reader's home, and its master is the machine that it is on."""
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "id_rsa").write_text("key")
    monkeypatch.setenv("HOME", str(tmp_path))
    file = tmp_path / "fleet-config.yaml"
    shutil.copyfile(EXAMPLES / "sample-fleet-config.yaml", file)
    file.chmod(0o600)
    site = Site.load(file)
    assert site.name == "MyDatacenter"
    assert site.master.login.local
    assert [(one.name, one.login.place, one.bmc_address) for one in site.workers] == [
        ("server1", "192.0.2.100:22", "192.0.2.10"),
        ("server2", "192.0.2.101:22", "192.0.2.11"),
    ]
    assert all(one.login.key_path == tmp_path / ".ssh" / "id_rsa" for one in site.workers)
    assert all(one.role is Role.WORKER for one in site.workers)
    assert {one.reveal() for one in site.secrets} == {
        "YOUR_ADMIN_PASSWORD",
        "YOUR_BMC_PASSWORD",
        "YOUR_GRAFANA_PASSWORD",
        "YOUR_IPMI_MONITOR_PASSWORD",
    }
    assert notices(site) == ()
