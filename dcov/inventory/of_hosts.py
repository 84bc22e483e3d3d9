"""Nornir's hosts as a site: inheritance from groups and defaults, Nornir's own, decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nornir.core.inventory import Host, Inventory

from dcov.config.notice import Notice
from dcov.errors import ConfigError, Problem
from dcov.inventory.as_hosts import SITE_PATH
from dcov.inventory.entry import Entry, Login, Role, Unsaid
from dcov.inventory.groups import MASTERS, WORKERS
from dcov.inventory.host import Attributes, HostData, Named
from dcov.inventory.site import Site
from dcov.inventory.valid import valid
from dcov.secret import Secret

ATTRIBUTES = ("hostname", "port", "username", "password", "platform")


def from_nornir(
    inventory: Inventory, *, path: Path | None = None, notices: tuple[Notice, ...] = ()
) -> Site:
    """Return the hosts as a site; a ConfigError lists every value that cannot be meant so.

    `path` is the folder that the inventory was read from, or what the inventory itself says of it;
    `notices` are what reading it gave rise to.
    """
    said = inventory.defaults.data.get(SITE_PATH)
    place = path or (Path(said) if said else None)
    entries: list[Entry] = []
    problems: list[Problem] = []
    for host in inventory.hosts.values():
        try:
            entries.append(to_entry(host, folder=path))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems=tuple(problems))
    name = str(inventory.defaults.data.get("site_name", ""))
    return replace(Site.of(*entries, name=name, path=place), notices=notices)


def to_entry(host: Host, *, folder: Path | None = None) -> Entry:
    """Return one host as an entry, with what its groups and the defaults give it."""
    own = {name: getattr(host, name) for name in ATTRIBUTES}
    own |= {"name": host.name, "hostname": host.hostname or host.name}
    attributes, faults = valid(own, model=Named, at=str(host.name), folder=folder)
    at = f"{host.name}.data"
    data, more = valid(host.extended_data(), model=HostData, at=at, folder=folder)
    if attributes is None or data is None:
        raise ConfigError(problems=(*faults, *more))
    groups = tuple(group.name for group in host.extended_groups())
    return Entry(
        name=host.name,
        login=_login(host.name, attributes=attributes, data=data),
        role=_role(data, groups=groups),
        scrape_address=data.scrape_address or "",
        exporter_ports=MappingProxyType(dict(data.exporter_ports)),
        has_gpu=data.has_gpu,
        groups=tuple(name for name in groups if name not in (MASTERS, WORKERS)),
        labels=MappingProxyType(dict(data.labels)),
        bmc_address=data.bmc_ip,
        bmc_user=data.bmc_user if data.bmc_ip else None,
        bmc_password=data.bmc_password if data.bmc_ip else None,
        platform=attributes.platform or "linux",
        data=MappingProxyType(deepcopy(data.model_extra or {})),
        connection_options=MappingProxyType(dict(_connection_options(host))),
    )


def _login(name: str, *, attributes: Attributes, data: HostData) -> Login:
    return Login(
        address=attributes.hostname or name,
        port=attributes.port or 22,
        user=attributes.username or "root",
        key_path=data.key_path,
        password=attributes.password,
        sudo_password=data.sudo_password,
        jump=data.ssh_jump,
        agent=data.agent,
        local=data.local,
        unsaid=_unsaid(attributes, data=data) if data.unsaid is None else data.unsaid,
    )


def _unsaid(attributes: Attributes, *, data: HostData) -> frozenset[Unsaid]:
    return Unsaid.among(
        user=attributes.username,
        port=attributes.port,
        key=data.key_path,
        jump=data.ssh_jump,
    )


def _role(data: HostData, *, groups: tuple[str, ...]) -> Role:
    if data.role is not None:
        return Role(data.role)
    return Role.MASTER if MASTERS in groups else Role.WORKER


def _connection_options(host: Host) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Resolve what each kind of connection inherits.

    Nornir's own method writes what it finds into the host and group objects that it asks.
    """
    levels = [
        host.connection_options,
        *(group.connection_options for group in host.extended_groups()),
        host.defaults.connection_options,
    ]
    for kind in dict.fromkeys(kind for options in levels for kind in options):
        own = [options[kind] for options in levels if kind in options]
        found = {
            name: next((value for one in own if (value := getattr(one, name)) is not None), None)
            for name in (*ATTRIBUTES, "extras")
        }
        password = found["password"]
        found["password"] = Secret(password) if password else None
        yield kind, MappingProxyType({**found, "extras": deepcopy(found["extras"])})
