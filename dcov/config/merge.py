"""What `.secrets.yaml` adds to the settings, and which of two values is in force."""

from __future__ import annotations

from typing import Any, TypeVar

from dcov.config.secrets_file import SecretsFile
from dcov.config.server import Section, ServerSettings
from dcov.config.settings import ApiKey, Components, Settings

S = TypeVar("S", bound=Section)


def merge(settings: Settings, *, secrets: SecretsFile) -> Settings:
    """Return the settings with what the secrets file adds, and with every server named.

    The configuration is the stronger one, but for three keys where the existing product has it
    the other way round.
    """
    ssh, bmc, grafana, ipmi = settings.ssh, settings.bmc, settings.grafana, settings.ipmi_monitor
    vast = _vast_keys(settings, secrets)
    runpod = settings.runpod.api_keys or secrets.runpod_api_keys
    master = settings.master
    return _with(
        settings,
        fleet_admin_user=_admin(settings, secrets),
        fleet_admin_pass=settings.fleet_admin_pass or secrets.fleet_admin_pass,
        ssh=_with(
            ssh,
            password=ssh.password or secrets.ssh_password,
            sudo_password=ssh.sudo_password or secrets.ssh_sudo_password,
        ),
        bmc=_with(bmc, password=bmc.password or secrets.bmc_password),
        grafana=_with(grafana, admin_password=secrets.grafana_password or grafana.admin_password),
        ipmi_monitor=_with(
            ipmi,
            admin_password=secrets.ipmi_monitor_password or ipmi.admin_password,
            ai_license_key=secrets.ipmi_ai_license or ipmi.ai_license_key,
        ),
        vast=_with(settings.vast, api_keys=vast),
        runpod=_with(settings.runpod, api_keys=runpod),
        components=_components(settings, vast=bool(vast), runpod=bool(runpod)),
        master=_server(master, name="master", secrets=secrets)
        if isinstance(master, ServerSettings)
        else master,
        servers=tuple(
            _server(server, name=f"server-{n}", secrets=secrets)
            for n, server in enumerate(settings.servers, start=1)
        ),
    )


def _with(section: S, **values: Any) -> S:
    return section.model_copy(update=values)


def _admin(settings: Settings, secrets: SecretsFile) -> str:
    """Return the first user; the default in the settings is weaker than the secrets file."""
    declared = "fleet_admin_user" in settings.model_fields_set
    return (not declared and secrets.fleet_admin_user) or settings.fleet_admin_user


def _vast_keys(settings: Settings, secrets: SecretsFile) -> tuple[ApiKey, ...]:
    """Return the keys of all accounts; a single key is an account like any other."""
    single = settings.vast.api_key or secrets.vast_api_key
    alone = (ApiKey(key=single),) if single else ()
    return settings.vast.api_keys or secrets.vast_api_keys or alone


def _components(settings: Settings, *, vast: bool, runpod: bool) -> Components:
    """Switch on what is not switched off and has keys, as the existing product does."""
    wanted = settings.components

    def first(*switches: bool | None) -> bool:
        return next((switch for switch in switches if switch is not None), False)

    return _with(
        wanted,
        ipmi_monitor=first(wanted.ipmi_monitor, settings.ipmi_monitor.enabled),
        vast_exporter=first(wanted.vast_exporter, settings.vast.enabled, vast),
        runpod_exporter=first(wanted.runpod_exporter, settings.runpod.enabled, runpod),
    )


def _server(server: ServerSettings, *, name: str, secrets: SecretsFile) -> ServerSettings:
    name = server.name or name
    return _with(
        server,
        name=name,
        ssh_password=server.ssh_password or secrets.server_ssh_passwords.get(name),
        sudo_password=server.sudo_password or secrets.server_sudo_passwords.get(name),
        bmc_password=server.bmc_password or secrets.server_bmc_passwords.get(name),
    )
