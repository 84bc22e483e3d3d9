"""A site's servers as Nornir's hosts; new ones each time, because Nornir changes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from nornir.core.inventory import (
    ConnectionOptions,
    Defaults,
    Group,
    Groups,
    Host,
    Hosts,
    Inventory,
    ParentGroups,
)

from dcov.inventory.entry import Entry
from dcov.inventory.groups import MASTERS, WORKERS, group_of
from dcov.inventory.site import Site
from dcov.secret import Secret

SITE_PATH = "site_path"  # the key of the defaults' data that says where the site lies


def to_nornir(site: Site) -> Inventory:
    """Return the site's servers as hosts, in the groups `masters` and `workers` and their own.

    The defaults say where the site lies, so that its host keys are found on the way back.
    """
    names = (name for entry in site.entries.values() for name in entry.groups)
    groups = {name: Group(name=name) for name in (MASTERS, WORKERS, *names)}
    hosts = {
        entry.name: _host(entry, groups=groups, defaults=Defaults())
        for entry in site.entries.values()
    }
    return Inventory(
        hosts=Hosts(hosts),
        groups=Groups(groups),
        defaults=Defaults(data={"site_name": site.name, **_place(site)}),
    )


def _place(site: Site) -> dict[str, str]:
    return {} if site.path is None else {SITE_PATH: str(site.path.absolute())}


def _host(entry: Entry, *, groups: Mapping[str, Group], defaults: Defaults) -> Host:
    login = entry.login
    return Host(
        name=entry.name,
        hostname=login.address,
        port=login.port,
        username=login.user,
        # In clear, because other people's connection plugins take it from here.
        password=login.password.reveal() if login.password else None,
        platform=entry.platform,
        groups=ParentGroups(groups[name] for name in (group_of(entry.role), *entry.groups)),
        data={**deepcopy(dict(entry.data)), **dict(_data(entry))},
        connection_options={
            name: ConnectionOptions(**_clear(options))
            for name, options in entry.connection_options.items()
        },
        defaults=defaults,
    )


def _data(entry: Entry) -> Iterator[tuple[str, Any]]:
    login = entry.login
    yield "role", entry.role.value
    values = {
        "labels": dict(entry.labels),
        "ssh_jump": login.jump,
        "scrape_address": entry.scrape_address,
        "exporter_ports": dict(entry.exporter_ports),
        "key_path": str(login.key_path) if login.key_path else None,
        "agent": login.agent,
        "sudo_password": login.sudo_password,
        "has_gpu": entry.has_gpu,
        "bmc_ip": entry.bmc_address,
        "bmc_user": entry.bmc_user,
        "bmc_password": entry.bmc_password,
        "local": login.local or None,
        "unsaid": sorted(login.unsaid),
    }
    yield from ((name, value) for name, value in values.items() if value not in (None, "", {}))


def _clear(options: Mapping[str, Any]) -> dict[str, Any]:
    password = options["password"]
    return {
        **options,
        "password": password.reveal() if isinstance(password, Secret) else None,
        "extras": deepcopy(options["extras"]),
    }
