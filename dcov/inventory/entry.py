"""One declared server: who it is, how to log in, where it is scraped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dcov.secret import Secret


def nothing() -> Mapping[str, Any]:
    """Make an empty mapping that stays empty: the default of a field."""
    return MappingProxyType({})


class Role(StrEnum):
    """What a server is in its fleet."""

    MASTER = "master"
    WORKER = "worker"


class Unsaid(StrEnum):
    """What of a login nobody declared, so that ~/.ssh/config may say it."""

    USER = "user"
    PORT = "port"
    KEY = "key"
    JUMP = "jump"

    @classmethod
    def among(cls, *, user: Any, port: Any, key: Any, jump: Any) -> frozenset[Unsaid]:
        """Return those of which the declared value is None."""
        declared = {cls.USER: user, cls.PORT: port, cls.KEY: key, cls.JUMP: jump}
        return frozenset(name for name, value in declared.items() if value is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """How to log in to a server.

    `address` and `port` are where sshd answers (as seen from `jump`, when one is named).
    `proxy_command` is a program that leads there, of ~/.ssh/config and never declared.
    `local` means that the server is this machine and no SSH is needed. `unsaid` names the
    values here that are defaults: two logins with the same values are equal all the same.
    """

    address: str
    port: int = 22
    user: str = "root"
    key_path: Path | None = None
    password: Secret | None = None
    sudo_password: Secret | None = None
    jump: str | None = None
    proxy_command: str | None = None
    agent: bool | None = None  # None: asked only where no key is configured
    local: bool = False
    unsaid: frozenset[Unsaid] = field(default=frozenset(), compare=False)

    @property
    def place(self) -> str:
        """Address and port as people write them."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return "this machine" if self.local else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One server as it is declared; nothing here was asked of the server.

    `scrape_address` is what Prometheus connects to. `exporter_ports` are the ports on that
    address where they differ from the exporters' own (NAT), by exporter name. `platform`, `data`
    and `connection_options` are Nornir's: for filters and for other people's tasks.
    """

    name: str
    login: Login
    role: Role = Role.WORKER
    scrape_address: str = ""
    exporter_ports: Mapping[str, int] = field(default_factory=nothing)
    has_gpu: bool | None = None
    groups: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=nothing)
    bmc_address: str | None = None
    bmc_user: str | None = None
    bmc_password: Secret | None = None
    platform: str = "linux"
    data: Mapping[str, Any] = field(default_factory=nothing, repr=False)
    connection_options: Mapping[str, Any] = field(default_factory=nothing, repr=False)
