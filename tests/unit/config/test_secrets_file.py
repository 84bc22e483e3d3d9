"""`.secrets.yaml`: who may read it, and which of two values is in force."""

from __future__ import annotations

import os
from functools import reduce

import pytest

from dcov.config.load import load
from dcov.errors import ConfigError

SECRETS = ".secrets.yaml"
QUOTE_IT = "a password must be text, and YAML reads a number here; quote it"


@pytest.mark.parametrize(
    ("config", "secrets", "where", "in_force"),
    [
        ("ssh: {password: a}", "ssh_password: b", "ssh.password", "a"),
        ("{}", "ssh_password: b", "ssh.password", "b"),
        ("{}", "ssh_sudo_password: b", "ssh.sudo_password", "b"),
        ("bmc: {password: a}", "bmc_password: b", "bmc.password", "a"),
        ("fleet_admin_pass: a", "fleet_admin_pass: b", "fleet_admin_pass", "a"),
        ("grafana: {admin_password: a}", "grafana_password: b", "grafana.admin_password", "b"),
        ("grafana: {admin_password: a}", "{}", "grafana.admin_password", "a"),
        (
            "ipmi_monitor: {admin_password: a}",
            "ipmi_monitor_password: b",
            "ipmi_monitor.admin_password",
            "b",
        ),
        (
            "ipmi_monitor: {ai_license_key: a}",
            "ipmi_ai_license: b",
            "ipmi_monitor.ai_license_key",
            "b",
        ),
    ],
)
def test_precedence(config: str, secrets: str, where: str, in_force: str, write) -> None:
    """The configuration is the stronger one, but for the three keys of the existing product."""
    write(secrets, name=SECRETS)
    settings = load(write(config)).settings
    assert reduce(getattr, where.split("."), settings).reveal() == in_force


@pytest.mark.parametrize(
    ("config", "user"),
    [("{}", "root-of-fleet"), ("fleet_admin_user: me", "me"), ("fleet_admin_user: admin", "admin")],
)
def test_the_first_user(config: str, user: str, write) -> None:
    write("fleet_admin_user: root-of-fleet", name=SECRETS)
    assert load(write(config)).settings.fleet_admin_user == user


def test_passwords_of_servers_by_name(write) -> None:
    write(
        """
server_bmc_passwords: {gpu-01: bmc-1}
server_ssh_passwords: {gpu-01: ssh-1, server-2: ssh-2}
server_sudo_passwords: {gpu-01: sudo-1, mon: sudo-0}
""",
        name=SECRETS,
    )
    settings = load(
        write(
            """
master: {name: mon, server_ip: 192.0.2.9}
servers:
  - {name: gpu-01, server_ip: 192.0.2.1, bmc_password: stronger}
  - {server_ip: 192.0.2.2}
"""
        )
    ).settings
    first, second = settings.servers
    assert first.bmc_password.reveal() == "stronger"
    assert (first.ssh_password.reveal(), first.sudo_password.reveal()) == ("ssh-1", "sudo-1")
    assert second.ssh_password.reveal() == "ssh-2"
    assert settings.master.sudo_password.reveal() == "sudo-0"


@pytest.mark.parametrize(
    "secrets", ["vast_api_key: vk", "vast_api_keys: [{name: default, key: vk}]"]
)
def test_marketplace_keys_switch_their_component_on(secrets: str, write) -> None:
    write(secrets, name=SECRETS)
    settings = load(write("")).settings
    assert settings.components.vast_exporter is True
    assert [(key.name, key.key.reveal()) for key in settings.vast.api_keys] == [("default", "vk")]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o622])
def test_a_file_open_to_others_is_refused(mode: int, write) -> None:
    secrets = write("ssh_password: x", name=SECRETS, mode=mode)
    with pytest.raises(ConfigError) as caught:
        load(write(""))
    assert [str(problem) for problem in caught.value.problems] == [
        f"{secrets}:1:1: is open to others (mode {mode:04o}): `chmod 600 {secrets}`"
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_root_reads_the_file_of_the_existing_product(write) -> None:
    """It writes its secrets as uid 1000, mode 0600, and runs as root."""
    os.chown(write("ssh_password: opensesame", name=SECRETS), 1000, 1000)
    password = load(write("")).settings.ssh.password
    assert password is not None
    assert password.reveal() == "opensesame"


def test_the_problems_of_both_files_come_together(write) -> None:
    secrets = write("ssh_pasword: x\nbmc_password: 5\n", name=SECRETS)
    file = write("mastr: x")
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert [str(problem) for problem in caught.value.problems] == [
        f"{file}:1:1: mastr: unknown key; did you mean master?",
        f"{secrets}:1:1: ssh_pasword: unknown key; did you mean ssh_password?",
        f"{secrets}:2:15: bmc_password: {QUOTE_IT}",
    ]


def test_a_password_of_no_server_is_noticed(write) -> None:
    """It may be mistyped, or its server may be gone: neither is a reason to stop."""
    secrets = write("server_sudo_passwords:\n  gup-01: x\n", name=SECRETS)
    (notice,) = load(write("servers: [{name: gpu-01, server_ip: 192.0.2.1}]")).notices
    assert str(notice) == (
        f"{secrets}:2: server_sudo_passwords.gup-01: no server has this name; did you mean gpu-01?"
    )


def test_the_secrets_beside_a_link_are_read(write, tmp_path) -> None:
    """On a master the configuration is a link into fleet/, and the secrets lie beside the link."""
    (tmp_path / "fleet").mkdir()
    target = tmp_path / "fleet" / "fleet-config.yaml"
    target.write_text("site_name: x")
    target.chmod(0o600)
    link = tmp_path / "fleet-config.yaml"
    link.symlink_to(target)
    write("ssh_password: beside", name=SECRETS)
    assert load(link).settings.ssh.password.reveal() == "beside"
