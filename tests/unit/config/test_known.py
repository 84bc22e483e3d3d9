"""Keys of the existing product that have no effect here, and are said to have none."""

from __future__ import annotations

import pytest

from dcov.config.known import KNOWN
from dcov.config.load import load

ALL_OF_THEM = """
config_dir: /srv/dc
data_dir: /srv/data
image_tag: dev
auto_confirm: true
ssh_key_generated: true
enable_watchtower_all: true
release_selection:
  selection_id: r1
  components: {grafana: sha256:aa}
components:
  dc_watchdog: true
  vast_price_manager: true
  worker_exporters: null
watchdog:
  ping_interval: 30
  api_key: watchdog-key
security:
  ufw_enabled: true
  ufw_ports: [22, 80, 443]
vast_price_manager: {writes_enabled: true}
grafana: {alert_receiver: on-call}
ipmi_monitor: {port: 5050}
vast: {port: 9622}
runpod: {port: 9623}
prometheus: {legacy_managed_jobs: [master]}
master:
  server_ip: 192.0.2.9
  exporters_installed: true
servers:
  - server_ip: 192.0.2.1
    exporters_installed: true
    ipmi_configured: true
"""


def test_each_one_that_is_set_gets_a_notice_with_its_line(write) -> None:
    config = load(write(ALL_OF_THEM))
    assert [(notice.line, notice.key) for notice in config.notices] == [
        (2, "config_dir"),
        (3, "data_dir"),
        (4, "image_tag"),
        (5, "auto_confirm"),
        (6, "ssh_key_generated"),
        (7, "enable_watchtower_all"),
        (8, "release_selection"),
        (12, "components.dc_watchdog"),
        (13, "components.vast_price_manager"),
        (15, "watchdog"),
        (18, "security"),
        (21, "vast_price_manager"),
        (22, "grafana.alert_receiver"),
        (23, "ipmi_monitor.port"),
        (24, "vast.port"),
        (25, "runpod.port"),
        (26, "prometheus.legacy_managed_jobs"),
        (29, "master.exporters_installed"),
        (32, "servers[0].exporters_installed"),
        (33, "servers[0].ipmi_configured"),
    ]


def test_a_notice_says_why(write) -> None:
    file = write("security: {ufw_enabled: true}")
    (notice,) = load(file).notices
    assert str(notice) == (
        f"{file}:1: security: has no effect: "
        "dcov manages no firewall: no port is opened or closed by it; instead: "
        "let SSH, 80 and 443 in by your own firewall; dcov publishes nothing else"
    )


def test_their_values_are_kept_and_their_secrets_hidden(write) -> None:
    kept = {one.key: one.value for one in load(write(ALL_OF_THEM)).unmanaged}
    assert kept["release_selection"] == {
        "selection_id": "r1",
        "components": {"grafana": "sha256:aa"},
    }
    assert kept["watchdog"]["api_key"].reveal() == "watchdog-key"
    assert "watchdog-key" not in repr(kept)


@pytest.mark.parametrize(
    "text",
    [
        "enable_watchtower_all: false",
        "image_tag: latest",
        "security: {ufw_enabled: false}",
        "components: {dc_watchdog: false, worker_exporters: false}",
        "watchdog: null",
        "ipmi_monitor: {port: 5000}\nvast: {port: 8622}\nrunpod: {port: 8623}",
        "grafana: {alert_receiver: null}",
        "prometheus: {legacy_managed_jobs: []}",
        "servers: [{server_ip: 192.0.2.1, exporters_installed: false}]",
    ],
)
def test_what_does_nothing_in_the_existing_product_either_is_passed_over(text: str, write) -> None:
    assert load(write(text)).notices == ()


def test_they_are_known_only_where_they_belong(write) -> None:
    assert all(known.reason for known in KNOWN)
    with pytest.raises(Exception, match=r"ssh\.image_tag: unknown key"):
        load(write("ssh: {image_tag: dev}"))


def test_a_secret_that_nothing_asks_for_is_noticed(write) -> None:
    secrets = write("ssh_password: x\nwatchdog_api_key: hunter\n", name=".secrets.yaml")
    (notice,) = load(write("{}")).notices
    assert (notice.file, notice.line, notice.key) == (secrets, 2, "watchdog_api_key")
    assert "hunter" not in str(notice)


# What versions of the existing product themselves saved: the one maps components, and both write
# nulls for whatever is not set.
SAVED = """
site_name: DC Overview
master_ip: null
config_dir: /etc/dc-overview
release_selection:
  selection_id: null
  selection_sha256: null
  release_selection_dir: null
  components: {grafana: null, prometheus: "sha256:aa"}
components: {dc_overview: true, ipmi_monitor: null, worker_exporters: false}
ssl: {mode: self_signed, domain: null, email: null, cert_path: null, key_path: null}
ssh: {username: root, auth_method: key, password: null, key_path: null, port: 22}
vast: {enabled: false, port: 8622, api_keys: []}
vast_price_manager: null
watchdog: null
prometheus: {port: 9090, retention_days: 30, extra_scrape_configs: [], rule_files: null}
servers:
  - {name: gpu-01, server_ip: 192.0.2.1, bmc_ip: null, ssh_user: null, has_gpu: false,
     exporters_installed: true, ipmi_configured: false}
"""


def test_a_file_that_the_existing_product_saved_loads(write) -> None:
    config = load(write(SAVED))
    assert [notice.key for notice in config.notices] == [
        "release_selection",
        "servers[0].exporters_installed",
    ]


def test_passwords_in_a_configuration_that_others_can_read_are_noticed(write) -> None:
    text = "ssh: {password: x}"
    assert load(write(text, mode=0o600)).notices == ()
    (notice,) = load(write(text, mode=0o644)).notices
    assert "holds passwords and can be read by others: `chmod 600`" in notice.message
    assert load(write("site_name: x", mode=0o644)).notices == ()
