"""`.secrets.yaml` beside the configuration: what may stand in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator

from dcov.config.fields import SecretText, Text, frozen
from dcov.config.server import Section, key, table
from dcov.config.settings import ApiKey

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
