"""What IPMI Monitor is told: BMCs and their logins, and what it may do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from rendered_site import RenderedSite

from dcov.secret import Secret
from dcov.stack import Survey, ipmi_monitor

SITE = """\
site_name: Lab
master: {name: monitor, server_ip: 192.0.2.10}
components: {ipmi_monitor: true}
bmc: {username: everybody}
servers:
  - {name: gpu-01, server_ip: 192.0.2.21, bmc_ip: 192.0.2.121}
  - name: gpu-02
    server_ip: 192.0.2.22
    bmc_ip: 192.0.2.122
    bmc_user: its-own
    bmc_password: of-this-one-alone
  - {name: gpu-03, server_ip: 192.0.2.23}
"""


def rendered(text: str, folder: Path) -> RenderedSite:
    folder.mkdir(exist_ok=True)
    site = RenderedSite.of(text, folder=folder, survey=Survey())
    site.place(*site.stack.foundation())
    return site


def servers(site: RenderedSite) -> dict[str, dict[str, Any]]:
    read = yaml.safe_load(site.at(ipmi_monitor.SERVERS).read_text())["servers"]
    return {item["name"]: item for item in read}


def environment(site: RenderedSite) -> dict[str, str]:
    """The variables of its container: those of its file, and those that the compose file says."""
    lines = site.at(ipmi_monitor.ENVIRONMENT).read_text().splitlines()
    own = dict(line.split("=", 1) for line in lines)
    return {**own, **site.compose()["services"]["ipmi-monitor"]["environment"]}


def test_a_servers_own_login_goes_before_the_sites(tmp_path: Path) -> None:
    """One without a BMC is none of its servers."""
    found = servers(rendered(SITE, tmp_path))
    assert found == {
        "gpu-01": {
            "name": "gpu-01",
            "bmc_ip": "192.0.2.121",
            "server_ip": "192.0.2.21",
            "ipmi_user": "everybody",
            "ipmi_pass": "one-more-long-password",
        },
        "gpu-02": {
            "name": "gpu-02",
            "bmc_ip": "192.0.2.122",
            "server_ip": "192.0.2.22",
            "ipmi_user": "its-own",
            "ipmi_pass": "of-this-one-alone",
        },
    }


def test_a_server_that_is_removed_is_removed_there(tmp_path: Path) -> None:
    """And the container is made anew, for it reads the file when it starts."""
    lines = SITE.splitlines(keepends=True)
    fewer = "".join(line for line in lines if "gpu-01" not in line)
    before, after = rendered(SITE, tmp_path / "a"), rendered(fewer, tmp_path / "b")
    assert set(servers(after)) == {"gpu-02"}
    assert before.stack.digests()["ipmi-monitor"] != after.stack.digests()["ipmi-monitor"]
    assert before.stack.digests()["grafana"] == after.stack.digests()["grafana"]


def test_nothing_of_ai_without_a_key(tmp_path: Path) -> None:
    found = environment(rendered(SITE, tmp_path / "a"))
    assert [name for name in found if "AI" in name.split("_")] == []
    given = f"{SITE}ipmi_monitor: {{ai_license_key: a-license-key}}\n"
    site = rendered(given, tmp_path / "b")
    assert environment(site)["AI_LICENSE_KEY"] == "a-license-key"
    assert "a-license-key" not in str(site.compose())


@pytest.mark.parametrize("logs", [True, False])
@pytest.mark.parametrize("inventory", [True, False])
def test_what_it_may_do_by_ssh_is_as_the_site_says(
    tmp_path: Path, *, inventory: bool, logs: bool
) -> None:
    settings = f"enable_ssh_inventory: {inventory}, enable_ssh_logs: {logs}".lower()
    found = environment(rendered(f"{SITE}ipmi_monitor: {{{settings}}}\n", tmp_path))
    assert found["ENABLE_SSH_INVENTORY"] == str(inventory).lower()
    assert found["ENABLE_SSH_LOGS"] == str(logs).lower()


def test_its_admins_password_is_the_sites(tmp_path: Path) -> None:
    site = rendered(SITE, tmp_path)
    assert environment(site)["ADMIN_PASS"] == "another-long-password"
    private = [item.content for item in site.stack.foundation() if hasattr(item, "content")]
    shown = [text for text in private if "another-long-password" in str(text)]
    assert shown == []
    assert any(isinstance(text, Secret) for text in private)
