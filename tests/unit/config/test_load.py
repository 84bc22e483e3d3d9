"""What a configuration means once it can be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from dcov.config.load import load
from dcov.config.settings import SslMode
from dcov.secret import Secret


def test_an_empty_file_is_a_site_of_defaults(write) -> None:
    settings = load(write("")).settings
    assert settings.site_name == "DC Overview"
    assert settings.servers == ()
    assert (settings.ssh.username, settings.ssh.port) == ("root", 22)
    assert (settings.prometheus.port, settings.prometheus.retention_days) == (9090, 30)


@pytest.mark.parametrize("nothing", ["", "null", "~", '""', "# only a comment"])
def test_null_and_empty_text_mean_not_set(nothing: str, write) -> None:
    """The existing product saves every key that it knows, most of them so."""
    text = f"""
        site_name: {nothing}
        ssh: {nothing}
        grafana: {{admin_password: , port: ~}}
        servers:
          - name: {nothing}
            server_ip: 192.0.2.1
            ssh_port: {nothing}
            labels: {nothing}
            has_gpu: {nothing}
    """
    settings = load(write(text)).settings
    assert settings == load(write("servers: [{server_ip: 192.0.2.1}]")).settings
    assert settings.servers[0].name == "server-1"


@pytest.mark.parametrize("spelling", ["selfsigned", "self_signed", "self-signed"])
def test_both_spellings_of_a_self_signed_certificate(spelling: str, write) -> None:
    assert load(write(f"ssl: {{mode: {spelling}}}")).settings.ssl.mode is SslMode.SELF_SIGNED


@pytest.mark.parametrize(
    "more", ["use_existing_proxy: true", "cert_path: /etc/ssl/dc.pem, key_path: /etc/ssl/dc.key"]
)
def test_lets_encrypt_needs_no_domain_where_it_is_not_asked(more: str, write) -> None:
    """By an own certificate, or because the proxy is somebody else's."""
    settings = load(write(f"ssl: {{mode: letsencrypt, {more}}}")).settings
    assert (settings.ssl.mode, settings.ssl.domain) == (SslMode.LETSENCRYPT, None)


def test_yaml_is_read_as_version_1_1(write) -> None:
    """The existing product reads `yes` as true, and so must we."""
    settings = load(write("components: {dc_overview: no, ipmi_monitor: Yes}")).settings
    assert (settings.components.dc_overview, settings.components.ipmi_monitor) == (False, True)


def test_anchors_and_merged_keys_are_resolved(write) -> None:
    text = """
servers:
  - &one {name: a, server_ip: 192.0.2.1, ssh_user: ops, labels: &rack {rack: a1}}
  - <<: *one
    name: b
    server_ip: 192.0.2.2
    labels: *rack
"""
    first, second = load(write(text)).settings.servers
    assert (second.name, second.server_ip, second.ssh_user) == ("b", "192.0.2.2", "ops")
    assert second.labels == first.labels == {"rack": "a1"}


@pytest.mark.parametrize(
    "address",
    [
        "192.0.2.1",
        "2001:db8::1",
        "fe80::1%eth0",
        "gpu-01",
        "gpu_01.example.com",
        "gpu-01.example.com.",
        "xn--bcher-kva.example",
    ],
)
def test_addresses_stay_as_they_are_written(address: str, write) -> None:
    text = f'servers: [{{server_ip: "{address}"}}]'
    assert load(write(text)).settings.servers[0].server_ip == address


def test_key_files_are_found_from_the_home_and_from_the_files_folder(
    write, tmp_path: Path, monkeypatch
) -> None:
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id").write_text("key")
    write("key", name="fleet_key")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home)
    text = """
ssh: {key_path: ~/.ssh/id}
servers: [{server_ip: 192.0.2.1, ssh_key_path: fleet_key}]
"""
    settings = load(write(text)).settings
    assert settings.ssh.key_path == home / ".ssh" / "id"
    assert settings.servers[0].ssh_key_path == tmp_path / "fleet_key"


@pytest.mark.parametrize(
    "jump", ["gpu-01", "bastion.example.com", "ops@bastion:2222", "ops@[2001:db8::1]:22"]
)
def test_a_jump_is_a_server_or_what_ssh_takes(jump: str, write) -> None:
    text = f"""
servers:
  - {{name: gpu-01, server_ip: 192.0.2.1}}
  - {{name: gpu-02, server_ip: 192.0.2.2, ssh_jump: "{jump}"}}
"""
    assert load(write(text)).settings.servers[1].ssh_jump == jump


def test_one_address_behind_nat_needs_different_ports_or_jumps(write) -> None:
    text = """
servers:
  - {name: a, server_ip: 198.51.100.7, ssh_port: 2201}
  - {name: b, server_ip: 198.51.100.7, ssh_port: 2202}
  - {name: c, server_ip: 198.51.100.7, ssh_port: 2201, ssh_jump: a}
"""
    assert len(load(write(text)).settings.servers) == 3


def test_an_api_key_may_be_labelled_as_the_existing_pages_say(write) -> None:
    text = "runpod: {api_keys: [{label: main, key: rp-0123456789}, {key: rp-9876543210}]}"
    keys = load(write(text)).settings.runpod.api_keys
    assert [(key.name, key.key.reveal()) for key in keys] == [
        ("main", "rp-0123456789"),
        ("default", "rp-9876543210"),
    ]


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ("vast: {api_key: k}", True),
        ("vast: {api_keys: [{key: k}]}", True),
        ("vast: {api_key: k}\ncomponents: {vast_exporter: false}", False),
        ("vast: {enabled: true}", True),
        ("components: {vast_exporter: true}", True),
        ("{}", False),
    ],
)
def test_a_marketplace_is_on_where_it_has_keys_and_is_not_switched_off(
    text: str, *, on: bool, write
) -> None:
    assert load(write(text)).settings.components.vast_exporter is on


def test_the_settings_cannot_be_changed(write) -> None:
    settings = load(write("servers: [{server_ip: 192.0.2.1, labels: {a: b}}]")).settings
    with pytest.raises(ValueError, match="frozen"):
        settings.site_name = "x"
    with pytest.raises(TypeError):
        settings.servers[0].labels["a"] = "c"


def test_every_secret_of_the_configuration_is_known(write) -> None:
    text = """
fleet_admin_pass: secret-01
ssh: {password: secret-02, sudo_password: secret-03}
bmc: {password: secret-04}
grafana: {admin_password: secret-05}
ipmi_monitor: {admin_password: secret-06, ai_license_key: secret-07}
vast: {api_keys: [{key: secret-08}]}
runpod: {api_keys: [{key: secret-09}]}
servers: [{server_ip: 192.0.2.1, ssh_password: secret-10, sudo_password: secret-11,
           bmc_password: secret-12}]
watchdog: {api_key: secret-13}
"""
    config = load(write(text))
    assert {secret.reveal() for secret in config.secrets} == {
        f"secret-{n:02}" for n in range(1, 14)
    }
    assert "secret-" not in repr(config)


def test_a_secret_written_as_a_reference_is_one_too(write, monkeypatch) -> None:
    monkeypatch.setenv("DCOV_TEST_PASSWORD", "hunter22")
    config = load(write("ssh: {password: '${env:DCOV_TEST_PASSWORD}'}"))
    assert config.secrets == (Secret("hunter22"),)


def test_five_thousand_servers_are_read_in_seconds(write) -> None:
    """The upper end of a fleet; quadratic work in the checks would take minutes."""
    servers = "".join(
        f"  - name: gpu-{n}\n    server_ip: 10.0.{n // 250}.{n % 250 + 1}\n" for n in range(5000)
    )
    assert len(load(write("servers:\n" + servers)).settings.servers) == 5000
