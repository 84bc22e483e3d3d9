"""The servers of a site, asked for: by hand, from a file, or pasted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcov.config.checks import check
from dcov.config.server import ServerSettings
from dcov.config.source import Source
from dcov.errors import ConfigError
from dcov.home import expanded
from dcov.inventory.server_list import parse_servers, plain_keys
from dcov.wizard.question import ask, ask_text, choose, paste, say

Keys = dict[str, object]
FORMS = "IP; IP,BMC; NAME,IP; NAME,IP,BMC[,BMCUSER[,BMCPASSWORD]]; or CSV with a header"


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Their keys for fleet-config.yaml, and their passwords by the table of .secrets.yaml."""

    items: tuple[Keys, ...] = ()
    passwords: Mapping[str, Mapping[str, str]]


def ask_servers(site: Mapping[str, Any]) -> Servers:
    """Ask for the workers; `site` is what is known already, for what must differ."""
    ways: dict[str, Callable[[Mapping[str, Any]], Servers]] = {
        "hand": _by_hand, "file": _from_file, "paste": _pasted, "none": _none,
    }  # fmt: skip
    say(f"Servers of a list stand one a line: {FORMS}.")
    way = choose("How do you name the servers?", among=tuple(ways), default="hand")
    return ways[way](site)


def _none(site: Mapping[str, Any]) -> Servers:
    del site
    return Servers(passwords={})


def _by_hand(site: Mapping[str, Any]) -> Servers:
    items: list[Keys] = []
    while True:
        name = ask(
            "Name of the next server (empty: that is all)",
            model=ServerSettings,
            field="name",
            needed=False,
        )
        if name is None:
            return Servers(items=tuple(items), passwords={})
        address = ask(f"  Address of {name}", model=ServerSettings, field="server_ip")
        server: Keys = {"name": name, "server_ip": address}
        for field, words in (
            ("ssh_port", "SSH port (empty: as all)"),
            ("bmc_ip", "BMC address (empty: none)"),
        ):
            value = ask(f"  {words}", model=ServerSettings, field=field, needed=False)
            if value is not None:
                server[field] = value
        problems = _clashes(site, [*items, server])
        for problem in problems:
            say(f"  {problem}; not taken")
        items += [] if problems else [server]


def _from_file(site: Mapping[str, Any]) -> Servers:
    while True:
        file = expanded(ask_text("Path of the list"))
        try:
            text = Source.read(file).text
        except ConfigError as error:
            say(f"  {error.why}")
            continue
        found = _parsed(text, site=site, file=file)
        if found is not None:
            return found


def _pasted(site: Mapping[str, Any]) -> Servers:
    while True:
        found = _parsed(paste("Paste the list"), site=site, file=Path("-"))
        if found is not None:
            return found


def _parsed(text: str, *, site: Mapping[str, Any], file: Path) -> Servers | None:
    """Read the list; say what is wrong with it, and return nothing then."""
    master = site.get("master")
    taken = [str(master.get("name", ""))] if isinstance(master, dict) else []
    try:
        servers = parse_servers(text, taken=taken, file=file)
    except ConfigError as error:
        for problem in error.problems:
            say(f"  {problem}")
        return None
    items = tuple(plain_keys(server) for server in servers)
    problems = _clashes(site, list(items)) if items else ["the list is empty"]
    for said in problems:
        say(f"  {said}")
    if problems:
        return None
    say(f"  {len(items)} servers")
    tables = {"server_ssh_passwords": "ssh_password", "server_bmc_passwords": "bmc_password"}
    passwords = {
        table: {
            str(server.name): secret.reveal()
            for server in servers
            if (secret := getattr(server, field)) is not None
        }
        for table, field in tables.items()
    }
    return Servers(
        items=items, passwords={table: found for table, found in passwords.items() if found}
    )


def _clashes(site: Mapping[str, Any], servers: list[Keys]) -> list[str]:
    return [fault.message for fault in check({**site, "servers": servers})]
