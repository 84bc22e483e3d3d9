"""From the settings of a site to its entries: what each server inherits, and who is master."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

from dcov.config.place import same_address
from dcov.config.server import ServerSettings
from dcov.config.settings import Settings
from dcov.inventory.entry import Entry, Login, Role, Unsaid
from dcov.inventory.this_machine import host_name, is_here


@dataclass(frozen=True, slots=True, kw_only=True)
class Master:
    """Which machine is the master; `entry` is None where no server's keys describe it."""

    name: str
    local: bool
    entry: ServerSettings | None = None


def entries(settings: Settings) -> Iterator[Entry]:
    """Yield the entries of a site, the master among them, in the order of declaration."""
    master = find_master(settings)
    if master.entry is None:
        yield _undescribed(settings, master=master)
    for server in settings.declared:
        if server is master.entry:
            yield _entry(server, settings=settings, role=Role.MASTER, local=master.local)
        else:
            # A jump through this machine is none.
            here = master.local and server.ssh_jump == master.name
            yield _entry(server, settings=settings, role=Role.WORKER, through_here=here)


def find_master(settings: Settings) -> Master:
    """Find the master: who is declared so, else who has `master_ip`, else this machine."""
    address = settings.master_ip
    here = address is not None and is_here(address)
    described = _described(settings)
    if described is not None:
        same = address is not None and same_address(described.server_ip) == same_address(address)
        return Master(name=str(described.name), local=here and same, entry=described)
    if settings.master == "local" or address is None or here:
        return Master(name=host_name(), local=True)
    return Master(name="master", local=False)


def _described(settings: Settings) -> ServerSettings | None:
    if isinstance(settings.master, ServerSettings):
        return settings.master
    for server in settings.servers:
        if server.role == "master":
            return server
    if settings.master_ip is None or settings.master == "local":
        return None
    wanted = same_address(settings.master_ip)
    return next((one for one in settings.servers if same_address(one.server_ip) == wanted), None)


def _undescribed(settings: Settings, *, master: Master) -> Entry:
    server = ServerSettings(name=master.name, server_ip=settings.master_ip or "localhost")
    entry = _entry(server, settings=settings, role=Role.MASTER, local=master.local)
    return entry if settings.master_ip else _unscraped(entry)


def _unscraped(entry: Entry) -> Entry:
    """Leave the address open: from a container on the master, localhost is the container."""
    return Entry(name=entry.name, login=entry.login, role=entry.role)


def _entry(
    server: ServerSettings,
    *,
    settings: Settings,
    role: Role,
    local: bool = False,
    through_here: bool = False,
) -> Entry:
    return Entry(
        name=str(server.name),
        login=login(server, settings=settings, local=local, through_here=through_here),
        role=role,
        scrape_address=server.scrape_address or server.server_ip,
        exporter_ports=MappingProxyType(dict(server.exporter_ports)),
        has_gpu=server.has_gpu,
        labels=MappingProxyType(dict(server.labels)),
        bmc_address=server.bmc_ip,
        bmc_user=(server.bmc_user or settings.bmc.username) if server.bmc_ip else None,
        bmc_password=(server.bmc_password or settings.bmc.password) if server.bmc_ip else None,
    )


def login(
    server: ServerSettings, *, settings: Settings, local: bool = False, through_here: bool = False
) -> Login:
    """Return how to log in to this server, after the site's defaults."""
    ssh = settings.ssh
    only_password = ssh.auth_method == "password"
    only_key = ssh.auth_method == "key"
    said = ssh.model_fields_set
    jump = None if local or through_here else server.ssh_jump
    return Login(
        address=server.ssh_host or server.server_ip,
        port=server.ssh_port or ssh.port,
        user=server.ssh_user or ssh.username,
        key_path=server.ssh_key_path or (None if only_password else ssh.key_path),
        password=server.ssh_password or (None if only_key else ssh.password),
        sudo_password=server.sudo_password or ssh.sudo_password,
        jump=jump,
        agent=False if only_password and ssh.agent is None else ssh.agent,
        local=local,
        unsaid=Unsaid.among(
            user=server.ssh_user or (ssh.username if "username" in said else None),
            port=server.ssh_port or (ssh.port if "port" in said else None),
            key=server.ssh_key_path or ssh.key_path or (only_password or None),
            jump=jump or local or through_here or None,
        ),
    )
