"""What dcov reads from a Nornir host: its attributes, and which keys of its data mean what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

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
from dcov.config.server import Section, key, table
from dcov.inventory.entry import Unsaid


class HostData(BaseModel):
    """The keys that mean something to dcov; all others are the user's own."""

    model_config = ConfigDict(defer_build=True, extra="allow", frozen=True)

    site_name: Text | None = key("Name of the site; stands best in defaults.yaml.")
    role: Literal["master", "worker"] | None = key("Instead of the group masters or workers.")
    labels: Labels = table("Labels on each of the host's Prometheus targets.")
    ssh_jump: Text | None = key("The host to log in through.")
    scrape_address: Address | None = key("Where Prometheus reaches it, if not at hostname.")
    exporter_ports: Ports = table("Ports of exporters, where they differ (NAT).")
    key_path: KeyFile | None = key("Private key to log in with.")
    agent: Flag | None = key("Whether to ask the SSH agent.")
    sudo_password: SecretText | None = key("Password for sudo.")
    has_gpu: Flag | None = key("Whether it has a GPU.")
    bmc_ip: Address | None = key("Address of its BMC.")
    bmc_user: Text | None = key("User of its BMC.")
    bmc_password: SecretText | None = key("Password of its BMC.")
    local: Flag = key("Whether the host is this machine.", default=False)
    unsaid: frozenset[Unsaid] | None = key(
        "Which of user, port, key and jump ~/.ssh/config may say; those missing if absent."
    )


class Attributes(Section):
    """The attributes that a host has of its own or from its groups and the defaults."""

    hostname: Address | None = key("Where sshd answers; the host's name where it is missing.")
    port: Port | None = key("Port of sshd.")
    username: Text | None = key("User to log in as.")
    password: SecretText | None = key("Password to log in with.")
    platform: Text | None = key("Kind of system, for other people's tasks.")


class Named(Attributes):
    """The attributes of a host, with the name that it has in the inventory."""

    name: ServerName


class ConnectionElement(Attributes):
    """What one kind of connection has of its own."""

    extras: Mapping[str, Any] | None = key("For the connection's plugin.")


class Element(Attributes):
    """One host or group as it stands in a file."""

    groups: tuple[Text, ...] = key("Groups that it inherits from.", default=())
    data: HostData = Field(default_factory=HostData)
    connection_options: Mapping[Text, ConnectionElement] = Field(default_factory=dict)


class DefaultsFile(Attributes):
    """The whole of defaults.yaml."""

    data: HostData = Field(default_factory=HostData)
    connection_options: Mapping[Text, ConnectionElement] = Field(default_factory=dict)


HostsFile = RootModel[Mapping[ServerName, Element]]
GroupsFile = RootModel[Mapping[Annotated[str, Field(min_length=1)], Element]]
