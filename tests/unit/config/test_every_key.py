"""Every key of the existing product is a model's, or stands in the list with what to do instead."""

from __future__ import annotations

from typing import Any

import pytest

from dcov.config.known import KNOWN, UNUSED_SECRETS
from dcov.config.schema import schema
from dcov.config.secrets_file import SecretsFile

# The names of its keys, section by section.
KEYS = {
    "": """site_name config_dir data_dir master_ip fleet_admin_user fleet_admin_pass
        enable_watchtower_all image_tag auto_confirm ssh_key_generated release_selection components
        ssl ssh bmc grafana prometheus ipmi_monitor vast runpod vast_price_manager watchdog security
        servers""",
    "release_selection": "selection_id selection_sha256 release_selection_dir components",
    "components": """dc_overview ipmi_monitor vast_exporter vast_price_manager runpod_exporter
        dc_watchdog worker_exporters""",
    "ssl": "mode domain email cert_path key_path external_port use_existing_proxy",
    "ssh": "username auth_method password key_path port",
    "bmc": "username password",
    "grafana": """admin_password port home_dashboard alert_receiver customer_dashboard_dir
        prometheus_datasource_uid overwrite_product_dashboards""",
    "prometheus": """port retention_days extra_scrape_configs rule_files customer_config_dir
        legacy_managed_jobs""",
    "ipmi_monitor": """enabled port admin_password ai_license_key enable_ssh_inventory
        enable_ssh_logs""",
    "vast": "enabled port api_key api_keys",
    "runpod": "enabled port api_keys",
    "vast_price_manager": """image master_key_file expected_account_id writes_enabled data_source
        data_kind credential_mode credential_reference database_relative_path layout""",
    "watchdog": """server_url api_key ping_interval fail_timeout install_agent agent_use_mtr
        max_servers agent_monitoring_level""",
    "security": "ufw_enabled ufw_ports ufw_additional_ports ufw_udp_ports",
    "servers": """name server_ip bmc_ip bmc_user bmc_password ssh_user ssh_port ssh_key_path
        ssh_password has_gpu exporters_installed ipmi_configured""",
}
SECRETS = """fleet_admin_user fleet_admin_pass ssh_password bmc_password grafana_password
    ipmi_monitor_password vast_api_keys vast_api_key runpod_api_keys ipmi_ai_license
    watchdog_api_key cryptolabs_api_key server_bmc_passwords"""
PATHS = [
    (section, key) if section else (key,) for section, keys in KEYS.items() for key in keys.split()
]


def modelled(path: tuple[str, ...]) -> bool:
    made = schema()
    part: dict[str, Any] = made
    for step in path:
        if step not in part.get("properties", {}):
            return False
        part = part["properties"][step]
        if part.get("deprecated"):
            return False
        reference = next(iter(references(part)), None)
        part = made["$defs"][reference] if reference else part
    return True


def references(part: Any) -> list[str]:
    match part:
        case {"$ref": str(reference)}:
            return [reference.rpartition("/")[2]]
        case dict():
            return [one for inner in part.values() for one in references(inner)]
        case list():
            return [one for inner in part for one in references(inner)]
    return []


@pytest.mark.parametrize("path", PATHS, ids=".".join)
def test_a_key_acts_or_is_listed(path: tuple[str, ...]) -> None:
    """One of the two: a listed section speaks for its keys."""
    listed = any(path[: len(known.path)] == known.path for known in KNOWN)
    assert modelled(path) != listed


@pytest.mark.parametrize("key", SECRETS.split())
def test_a_secret_is_read(key: str) -> None:
    assert key in SecretsFile.model_fields


@pytest.mark.parametrize("known", [*KNOWN, *UNUSED_SECRETS], ids=lambda known: ".".join(known.path))
def test_what_is_listed_says_why_and_what_to_do(known) -> None:
    assert known.reason
    assert known.instead
    assert known.reason != known.instead
