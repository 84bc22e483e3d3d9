"""`.secrets.yaml` beside the configuration, and what it adds to the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator

from dcov.config.fields import SecretText, Text, frozen
from dcov.config.server import Section, ServerSettings, key, table
from dcov.config.settings import ApiKey, Settings

FILE_NAME = ".secrets.yaml"

Passwords = Annotated[Mapping[Text, SecretText], AfterValidator(frozen)]


class SecretsFile(Section):
    """The whole of `.secrets.yaml`."""

    fleet_admin_user: Text | None = key("`fleet_admin_user`.")
    fleet_admin_pass: SecretText | None = key("`fleet_admin_pass`.")
    ssh_password: SecretText | None = key("`ssh.password`.")
    ssh_sudo_password: SecretText | None = key("`ssh.sudo_password`.", added=True)
    bmc_password: SecretText | None = key("`bmc.password`.")
    grafana_password: SecretText | None = key("`grafana.admin_password`; stronger than it.")
    ipmi_monitor_password: SecretText | None = key(
        "`ipmi_monitor.admin_password`; stronger than it."
    )
    ipmi_ai_license: SecretText | None = key("`ipmi_monitor.ai_license_key`; stronger than it.")
    vast_api_key: SecretText | None = key("`vast.api_key`.")
    vast_api_keys: tuple[ApiKey, ...] = key("`vast.api_keys`.", default=())
    runpod_api_keys: tuple[ApiKey, ...] = key("`runpod.api_keys`.", default=())
    watchdog_api_key: SecretText | None = key("Not used: dcov deploys no watchdog agents.")
    cryptolabs_api_key: SecretText | None = key("Not used: dcov deploys no watchdog agents.")
    server_bmc_passwords: Passwords = table("`bmc_password` of servers, by name.", added=False)
    server_ssh_passwords: Passwords = table("`ssh_password` of servers, by name.")
    server_sudo_passwords: Passwords = table("`sudo_password` of servers, by name.")

    @property
    def server_names(self) -> tuple[tuple[str, str], ...]:
        """The names of servers with a password here, each with the key it stands under."""
        tables = ("server_bmc_passwords", "server_ssh_passwords", "server_sudo_passwords")
        return tuple((table, name) for table in tables for name in getattr(self, table))


def merge(settings: Settings, *, secrets: SecretsFile) -> Settings:
    """Return the settings with what the secrets file adds, and with every server named.

    The configuration is the stronger one, but for three keys where the existing product has it
    the other way round.
    """
    ssh, bmc, grafana, ipmi = settings.ssh, settings.bmc, settings.grafana, settings.ipmi_monitor
    vast = settings.vast.api_keys or secrets.vast_api_keys
    single = settings.vast.api_key or secrets.vast_api_key
    if single and not vast:
        vast = (ApiKey(key=single),)
    runpod = settings.runpod.api_keys or secrets.runpod_api_keys
    master = settings.master
    if isinstance(master, ServerSettings):
        master = _server(master, name="master", secrets=secrets)
    with_user = "fleet_admin_user" in settings.model_fields_set or not secrets.fleet_admin_user
    return settings.model_copy(
        update={
            "fleet_admin_user": settings.fleet_admin_user
            if with_user
            else secrets.fleet_admin_user,
            "fleet_admin_pass": settings.fleet_admin_pass or secrets.fleet_admin_pass,
            "ssh": ssh.model_copy(
                update={
                    "password": ssh.password or secrets.ssh_password,
                    "sudo_password": ssh.sudo_password or secrets.ssh_sudo_password,
                }
            ),
            "bmc": bmc.model_copy(update={"password": bmc.password or secrets.bmc_password}),
            "grafana": grafana.model_copy(
                update={"admin_password": secrets.grafana_password or grafana.admin_password}
            ),
            "ipmi_monitor": ipmi.model_copy(
                update={
                    "admin_password": secrets.ipmi_monitor_password or ipmi.admin_password,
                    "ai_license_key": secrets.ipmi_ai_license or ipmi.ai_license_key,
                }
            ),
            "vast": settings.vast.model_copy(update={"api_keys": vast}),
            "runpod": settings.runpod.model_copy(update={"api_keys": runpod}),
            "components": _components(settings, vast=bool(vast), runpod=bool(runpod)),
            "master": master,
            "servers": tuple(
                _server(server, name=f"server-{n}", secrets=secrets)
                for n, server in enumerate(settings.servers, start=1)
            ),
        }
    )


def _components(settings: Settings, *, vast: bool, runpod: bool) -> object:
    """Switch on what is not switched off and has keys, as the existing product does."""
    wanted = settings.components

    def first(*switches: bool | None) -> bool:
        return next((switch for switch in switches if switch is not None), False)

    return wanted.model_copy(
        update={
            "ipmi_monitor": first(wanted.ipmi_monitor, settings.ipmi_monitor.enabled),
            "vast_exporter": first(wanted.vast_exporter, settings.vast.enabled, vast),
            "runpod_exporter": first(wanted.runpod_exporter, settings.runpod.enabled, runpod),
        }
    )


def _server(server: ServerSettings, *, name: str, secrets: SecretsFile) -> ServerSettings:
    name = server.name or name
    return server.model_copy(
        update={
            "name": name,
            "ssh_password": server.ssh_password or secrets.server_ssh_passwords.get(name),
            "sudo_password": server.sudo_password or secrets.server_sudo_passwords.get(name),
            "bmc_password": server.bmc_password or secrets.server_bmc_passwords.get(name),
        }
    )
