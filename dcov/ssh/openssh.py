"""The command line of ssh(1) that logs in as the fleet does, host keys checked alike."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from dcov.errors import ConfigError
from dcov.inventory.site import Site
from dcov.ssh.ssh_config import SshConfig
from dcov.ssh.way import Way, Ways


def ssh_argv(site: Site, name: str, command: Iterable[str] = ()) -> list[str]:
    """Return the words to execute; a jump host is logged in to with its own name, key and port."""
    entry = site[name]
    if entry.login.local:
        message = "is this machine; there is nothing to log in to"
        raise ConfigError.about(message, key=name)
    ways = Ways(site, ssh_config=SshConfig.of_operator())
    way = ways.to(name)
    return ["ssh", *_options(way, site=site, ways=ways), way.login.address, *command]


def _options(way: Way, *, site: Site, ways: Ways) -> list[str]:
    login = way.login
    settings = [
        ("HostKeyAlias", way.entry.name),
        ("UserKnownHostsFile", _quoted(site.known_hosts.absolute())),
        ("GlobalKnownHostsFile", "/dev/null"),
        ("StrictHostKeyChecking", "yes"),
        ("CheckHostIP", "no"),
        ("Port", str(login.port)),
        ("User", login.user),
    ]
    keys = [key for key in (login.key_path, *way.identities) if key is not None]
    settings += [("IdentityFile", _quoted(key)) for key in keys]
    if keys:
        settings.append(("IdentitiesOnly", "no" if login.agent else "yes"))
    if way.agent_socket is not None:
        settings.append(("IdentityAgent", _quoted(way.agent_socket)))
    if login.proxy_command is not None:
        settings.append(("ProxyCommand", login.proxy_command.replace("%", "%%")))
    if login.jump is not None:
        jump = ways.to(login.jump)
        settings.append(("ProxyCommand", _through(jump, site=site, ways=ways, to=login.place)))
    return [word for key, value in settings for word in ("-o", f"{key}={value}")]


def _through(jump: Way, *, site: Site, ways: Ways, to: str) -> str:
    """Return the ProxyCommand; ssh expands % in it, so that each % of ours is doubled."""
    words = ["ssh", *_options(jump, site=site, ways=ways), "-W", to, jump.login.address]
    return shlex.join(words).replace("%", "%%")


def _quoted(path: Path) -> str:
    """Write a path so that ssh takes it as one, blanks and all, and expands nothing in it."""
    return '"' + str(path).replace("%", "%%") + '"'
