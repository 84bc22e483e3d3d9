"""Every key of fleet-config.yaml that dcov acts on, and what it means.

The documentation's table of keys and the JSON schema are made from these descriptions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
)

from dcov.config.exporters import ExporterName
from dcov.config.fields import (
    Address,
    Flag,
    KeyFile,
    Opaque,
    Port,
    SecretText,
    Text,
    Url,
    Whole,
    frozen,
)
from dcov.config.images import Images
from dcov.config.server import Section, ServerSettings, key, part, table
from dcov.config.volumes import Volumes
from dcov.secret import Secret


class SslMode(StrEnum):
    """Where the proxy's certificate comes from."""

    SELF_SIGNED = "self_signed"
    LETSENCRYPT = "letsencrypt"


def _one_spelling(value: object) -> object:
    """Accept both spellings that the existing product's code and pages use."""
    return "self_signed" if value in {"selfsigned", "self-signed"} else value


class SshSettings(Section):
    """How to log in to servers that say nothing else."""

    username: Text = key("User to log in as.", default="root")
    auth_method: Literal["key", "password"] | None = key(
        "Offer only keys, or only the password; both where it is missing."
    )
    password: SecretText | None = key("Password to log in with.")
    key_path: KeyFile | None = key("Private key; `~` is expanded, relative is beside this file.")
    port: Port = key("Port of sshd.", default=22)
    agent: Flag | None = key(
        "Whether to ask the SSH agent; only where no key is named if it is missing.", added=True
    )
    sudo_password: SecretText | None = key("Password for sudo.", added=True)


class BmcSettings(Section):
    """How to log in to BMCs that say nothing else."""

    username: Text = key("User of the BMCs.", default="ADMIN")
    password: SecretText | None = key("Password of the BMCs.")


class SslSettings(Section):
    """The proxy's certificate."""

    mode: Annotated[SslMode, BeforeValidator(_one_spelling)] = key(
        "`self_signed` or `letsencrypt`.", default=SslMode.SELF_SIGNED
    )
    domain: Address | None = key("DNS name under which the master is reached.")
    email: Text | None = key("Address for Let's Encrypt; `admin@DOMAIN` where it is missing.")
    cert_path: Text | None = key("A certificate of your own, on the master.")
    key_path: Text | None = key("The key of that certificate, on the master.")
    external_port: Port = key("Port of the proxy as users reach it.", default=443)
    use_existing_proxy: Flag | None = key(
        "Whether to use a proxy of the family that runs already; detected if missing."
    )


class Components(Section):
    """What to deploy."""

    dc_overview: Flag = key("Prometheus, Grafana and the Server Manager.", default=True)
    ipmi_monitor: Flag | None = key("IPMI Monitor; off where it is missing.")
    vast_exporter: Flag | None = key("Vast.ai revenue; on if there are keys for it.")
    runpod_exporter: Flag | None = key("RunPod revenue; on if there are keys for it.")


class GrafanaSettings(Section):
    """Grafana on the master."""

    admin_password: SecretText | None = key("Password of Grafana's own admin.")
    port: Port = key("Port of Grafana on the master.", default=3000)
    home_dashboard: Text = key("UID of the first dashboard.", default="dc-overview-main")
    customer_dashboard_dir: Text | None = key("Folder with more dashboards, on the master.")
    prometheus_datasource_uid: Text | None = key("UID of the data source.")
    overwrite_product_dashboards: Flag = key(
        "Whether dashboards changed in Grafana are put back.", default=False
    )


class PrometheusSettings(Section):
    """Prometheus on the master."""

    port: Port = key("Port of Prometheus on the master.", default=9090)
    retention_days: Annotated[Whole, Field(ge=1)] = key("Days to keep metrics.", default=30)
    extra_scrape_configs: tuple[Opaque, ...] = key(
        "Scrape configs of your own, checked before anything is done.", default=()
    )
    rule_files: tuple[Text, ...] = key(
        "Rule files of your own, or patterns; relative is beside this file.", default=()
    )
    customer_config_dir: Text | None = key("Folder mounted read-only beside prometheus.yml.")


class IpmiMonitorSettings(Section):
    """IPMI Monitor on the master."""

    enabled: Flag | None = key("Follows `components.ipmi_monitor` where it is missing.")
    admin_password: SecretText | None = key("Its admin's password; made up where it is missing.")
    ai_license_key: SecretText | None = key("Licence of its AI service.")
    enable_ssh_inventory: Flag = key("Whether it reads inventories by SSH.", default=True)
    enable_ssh_logs: Flag = key("Whether it collects logs by SSH.", default=False)


class ApiKey(Section):
    """One account of a marketplace."""

    name: Text = Field(
        default="default",
        description="The account's name in metrics.",
        validation_alias=AliasChoices("name", "label"),  # the existing pages say label
    )
    key: SecretText = Field(description="The API key.")


class VastSettings(Section):
    """The Vast.ai exporter."""

    enabled: Flag | None = key("Follows `components.vast_exporter` where it is missing.")
    api_key: SecretText | None = key("The API key of the only account.")
    api_keys: tuple[ApiKey, ...] = key("API keys of several accounts.", default=())


class RunpodSettings(Section):
    """The RunPod exporter."""

    enabled: Flag | None = key("Follows `components.runpod_exporter` where it is missing.")
    api_keys: tuple[ApiKey, ...] = key("API keys of the accounts.", default=())


class ExporterSettings(Section):
    """What to install of one exporter."""

    version: Text | None = key("Version to install; the one dcov ships where it is missing.")
    enabled: Flag | None = key("Whether to install it; where it applies if missing.")
    mirror: Url | None = key("Where its releases are fetched from instead.")


def _master_form(value: object) -> str | None:
    if isinstance(value, str):
        return "local" if value == "local" else None
    return "entry"


Master = Annotated[
    Annotated[ServerSettings, Tag("entry")] | Annotated[Literal["local"], Tag("local")],
    Discriminator(
        _master_form,
        custom_error_type="master_form",
        custom_error_message="must be the keys of one server, or the word `local`",
    ),
]
Exporters = Annotated[Mapping[ExporterName, ExporterSettings], AfterValidator(frozen)]


class Settings(Section):
    """The whole of fleet-config.yaml."""

    site_name: Text = key("Name of the site.", default="DC Overview")
    master_ip: Address | None = key("Address of the master; this machine if missing.")
    master: Master | None = key(
        "The master: one entry as under `servers`, or the word `local`.", added=True
    )
    fleet_admin_user: Text = key("First user of the Server Manager.", default="admin")
    fleet_admin_pass: SecretText | None = key("That user's password.")
    ssh: SshSettings = part(SshSettings)
    bmc: BmcSettings = part(BmcSettings)
    ssl: SslSettings = part(SslSettings)
    components: Components = part(Components)
    grafana: GrafanaSettings = part(GrafanaSettings)
    prometheus: PrometheusSettings = part(PrometheusSettings)
    ipmi_monitor: IpmiMonitorSettings = part(IpmiMonitorSettings)
    vast: VastSettings = part(VastSettings)
    runpod: RunpodSettings = part(RunpodSettings)
    servers: tuple[ServerSettings, ...] = key("The servers.", default=())
    images: Images = table("Container images in place of dcov's own, by component.")
    volumes: Volumes = table(
        "Volumes that the master has already, by component: used where they are, never removed."
    )
    mirror: Url | None = key("Where releases are fetched from instead.", added=True)
    exporters: Exporters = table("What to install of each exporter, by its name.")

    @property
    def declared(self) -> tuple[ServerSettings, ...]:
        """The master, where it has an entry of its own, and the servers."""
        own = (self.master,) if isinstance(self.master, ServerSettings) else ()
        return (*own, *self.servers)


def secrets_in(value: Any) -> Iterator[Secret]:
    """Yield every secret in a part of the configuration."""
    match value:
        case Secret():
            yield value
        case BaseModel():
            for name in type(value).model_fields:
                yield from secrets_in(getattr(value, name))
        case Mapping():
            for one in value.values():
                yield from secrets_in(one)
        case tuple() | list():
            for one in value:
                yield from secrets_in(one)
