"""The passwords that are made up before anything is deployed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from dcov import Fleet
from dcov.context import Preparing
from dcov.stack import Blueprint, ipmi_monitor

SITE = """\
site_name: Lab
master: local
components: {{ipmi_monitor: {ipmi}}}
servers: [{{name: gpu-01, server_ip: 10.0.0.11, bmc_ip: 10.1.0.11}}]
"""


def blueprint(folder: Path, *, ipmi: str, secrets: str = "") -> Blueprint:
    """What the tasks of the stack prepare for this site."""
    (folder / "fleet-config.yaml").write_text(SITE.format(ipmi=ipmi))
    if secrets:
        (folder / ".secrets.yaml").touch(mode=0o600)
        (folder / ".secrets.yaml").write_text(secrets)
    fleet = Fleet.load(folder / "fleet-config.yaml").site
    preparing = Preparing(
        fleet=fleet, servers=(), planning=False, note=lambda _: None, hide=lambda _: None
    )
    return Blueprint.complete(preparing)


def kept(folder: Path) -> dict[str, str]:
    """What lies in .secrets.yaml now."""
    data: dict[str, str] = yaml.safe_load((folder / ".secrets.yaml").read_text())
    return data


def test_no_image_is_left_to_its_own_default(tmp_path: Path) -> None:
    """IPMI Monitor without a password lets in admin, admin."""
    site = blueprint(tmp_path, ipmi="true").site
    made = kept(tmp_path)
    assert set(made) == {"fleet_admin_pass", "grafana_password", "ipmi_monitor_password"}
    assert len(set(made.values())) == 3
    environment = ipmi_monitor.files(site)[-1]
    assert f"ADMIN_PASS={made['ipmi_monitor_password']}\n" in environment.content.reveal()  # type: ignore[attr-defined]


@pytest.mark.parametrize("ipmi", ["true", "false"])
def test_what_is_set_or_not_needed_is_not_made_up(tmp_path: Path, ipmi: str) -> None:
    """A password for what does not run would only be one more to keep."""
    own = {"fleet_admin_pass": "a-long-password-1", "grafana_password": "a-long-password-2"}
    if ipmi == "true":
        own["ipmi_monitor_password"] = "a-long-password-3"
    blueprint(tmp_path, ipmi=ipmi, secrets=yaml.safe_dump(own))
    assert kept(tmp_path) == own
