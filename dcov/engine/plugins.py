"""Other people's connection plugins: found by their names, and netmiko's with host keys checked."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from nornir.core.inventory import ConnectionOptions, Host, Inventory
from nornir.core.plugins.connections import ConnectionPluginRegister
from platformdirs import user_cache_path

from dcov.config.replace import put
from dcov.errors import ConfigError
from dcov.home import own_folder
from dcov.inventory.entry import Entry, Login
from dcov.inventory.site import Site
from dcov.ssh.known_hosts import KnownHosts
from dcov.ssh.session import digest

GROUP = "nornir.plugins.connections"
NETMIKO = "netmiko"
SSH_PORT = 22

logger = logging.getLogger("dcov")


def make_ready(inventory: Inventory, *, site: Site) -> None:
    """Have tasks that are none of dcov's find their connections to these hosts.

    Loads every connection plugin that is installed, as Nornir does by itself when it is set up.
    netmiko, which else believes whoever answers, checks the site's host keys, and logs in with
    the fleet's key; what the inventory says of it wins. It takes no way through a jump host.
    """
    _register()
    known = KnownHosts.load(site.known_hosts)
    lines = [line for entry in site.entries.values() for line in _lines(entry, known=known)]
    file = _written("".join(lines))
    for name, host in inventory.hosts.items():
        if (entry := site.entries.get(name)) is not None:
            _check_host_key(host, login=entry.login, file=file)


def _register() -> None:
    for found in entry_points(group=GROUP):
        if found.name in ConnectionPluginRegister.available:
            continue
        try:
            ConnectionPluginRegister.register(found.name, found.load())
        except (ImportError, AttributeError):  # whoever needs it is told that it is missing
            logger.warning("the Nornir plugin %s cannot be loaded", found.name, exc_info=True)


def _check_host_key(host: Host, *, login: Login, file: Path) -> None:
    extras: dict[str, Any] = {"ssh_strict": True, "alt_host_keys": True, "alt_key_file": str(file)}
    if login.key_path is not None:
        extras |= {"use_keys": True, "key_file": str(login.key_path)}
    options = host.connection_options.setdefault(NETMIKO, ConnectionOptions())
    options.extras = {**extras, **(options.extras or {})}


def _lines(entry: Entry, *, known: KnownHosts) -> Iterator[str]:
    """Yield a server's keys under its address: netmiko knows no name for it."""
    login = entry.login
    place = login.address if login.port == SSH_PORT else f"[{login.address}]:{login.port}"
    for line in known.trusted(entry.name):
        yield f"{place} {line.key_type} {base64.b64encode(line.blob).decode()}\n"


def _written(text: str) -> Path:
    """Return a file with this text, which is called by its content and never changes."""
    file = own_folder(user_cache_path) / "known_hosts" / digest(text.encode())[:16]
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            put(file, text=text)
    except OSError as error:
        message = f"cannot be written: {error.strerror}; XDG_CACHE_HOME names another place"
        raise ConfigError.about(message, file=file) from error
    return file
