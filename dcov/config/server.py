"""The keys of one server: an item of `servers:`, or the one under `master:`."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from dcov.config.exporters import Ports
from dcov.config.fields import (
    Address,
    Flag,
    KeyFile,
    Labels,
    Port,
    SecretText,
    ServerName,
    Text,
)


class Section(BaseModel):
    """What all parts of the configuration have in common."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True, validate_default=False)


def key(description: str, *, default: Any = None, added: bool = False) -> Any:
    """Describe a key; `added` marks those that the existing product does not have."""
    return Field(
        default=default,
        description=description,
        json_schema_extra={"dcov": "added"} if added else None,
    )


def part(model: type[BaseModel]) -> Any:
    """Describe a key that holds a section, with what it is where the section is missing."""
    # A factory: an instance would have the model built at import, 2 ms for each.
    return Field(default_factory=model, description=str(model.__doc__))


def table(description: str, *, added: bool = True) -> Any:
    """Describe a key that holds a mapping, empty by default."""
    # Not a default: pydantic copies those, and a mappingproxy cannot be copied.
    return Field(
        default_factory=lambda: MappingProxyType({}),
        description=description,
        json_schema_extra={"dcov": "added"} if added else None,
    )


class ServerSettings(Section):
    """One server of the fleet."""

    name: ServerName | None = key("Name of the server; `server-N` where it is missing.")
    server_ip: Address = Field(description="IP address or DNS name of the server.")
    role: Literal["master", "worker"] | None = key(
        "What the server is in the fleet; `worker` where it is missing.", added=True
    )
    labels: Labels = table("Labels on each of the server's Prometheus targets.")
    ssh_host: Address | None = key("Where sshd answers, if not at server_ip.", added=True)
    ssh_port: Port | None = key("Port of sshd; `ssh.port` where it is missing.")
    ssh_user: Text | None = key("User to log in as; `ssh.username` where it is missing.")
    ssh_key_path: KeyFile | None = key("Private key; `ssh.key_path` where it is missing.")
    ssh_password: SecretText | None = key("Password; `ssh.password` where it is missing.")
    sudo_password: SecretText | None = key(
        "Password for sudo; `ssh.sudo_password` where it is missing.", added=True
    )
    ssh_jump: Text | None = key(
        "The server to log in through: its name here, or [user@]address[:port].", added=True
    )
    scrape_address: Address | None = key(
        "Where Prometheus reaches the exporters, if not at server_ip.", added=True
    )
    exporter_ports: Ports = table(
        "Ports of exporters as Prometheus reaches them, where they differ (NAT)."
    )
    has_gpu: Flag | None = key(
        "Whether it has a GPU: found out where its exporter is installed, and scraped where true."
    )
    bmc_ip: Address | None = key("Address of its BMC.")
    bmc_user: Text | None = key("User of its BMC; `bmc.username` where it is missing.")
    bmc_password: SecretText | None = key("Password of its BMC; `bmc.password` otherwise.")
