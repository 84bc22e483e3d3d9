"""Asking servers for their host keys, before anybody trusts them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import paramiko

from dcov.cancel import Cancel
from dcov.errors import ConnectError, ThrottledError
from dcov.inventory.entry import Entry
from dcov.inventory.site import Site
from dcov.ssh.enrolment import propose
from dcov.ssh.known_hosts import KnownHosts, Verdict
from dcov.ssh.link import Trust, exchange_keys
from dcov.ssh.links import Links, Patience
from dcov.ssh.ssh_config import SshConfig
from dcov.ssh.tcp import DroppedError, Greeted

WORKERS = 50
WAITS = frozenset({Verdict.UNKNOWN, Verdict.CHANGED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """The host key that a server showed and what known_hosts says of it, or why it showed none."""

    server: str
    key_type: str = ""
    fingerprint: str = ""
    verdict: Verdict | None = None
    known: tuple[str, ...] = ()
    error: ConnectError | None = None


def scan(
    site: Site,
    entries: Iterable[Entry],
    *,
    workers: int = WORKERS,
    patience: Patience = Patience(),  # noqa: B008  # a value
) -> Iterator[Scanned]:
    """Ask each server for its host key; what is new or has changed waits for `approve`.

    The way is that of a login, through the jump hosts, whose own keys must be known. Nobody logs
    in to the servers themselves.
    """
    known = KnownHosts.load(site.known_hosts)
    links = Links(
        site,
        trust=Trust(known=known),
        patience=patience,
        cancel=Cancel(),
        ssh_config=SshConfig.of_operator(),
    )

    def one(entry: Entry) -> Scanned:
        try:
            key = _host_key(entry, links=links, patience=patience)
        except ConnectError as error:
            return Scanned(server=entry.name, error=error)
        checked = known.check(entry.name, key=key)
        if checked.verdict in WAITS:
            propose(site.known_hosts, name=entry.name, key=key)
        return Scanned(
            server=entry.name,
            key_type=key.get_name(),
            fingerprint=key.fingerprint,
            verdict=checked.verdict,
            known=checked.known,
        )

    remote = [entry for entry in entries if not entry.login.local]
    try:
        with ThreadPoolExecutor(workers) as pool:
            yield from pool.map(one, remote)
    finally:
        links.close_all()


def _host_key(entry: Entry, *, links: Links, patience: Patience) -> paramiko.PKey:
    try:
        line = Greeted(
            links.line(entry.name),
            server=entry.name,
            place=entry.login.place,
            within=patience.banner,
        )
        transport = exchange_keys(line, entry=entry, types=(), within=patience.banner)
    except DroppedError as error:
        place = entry.login.place
        raise ThrottledError(server=entry.name, address=place, attempts=1) from error
    try:
        return transport.get_remote_server_key()
    finally:
        transport.close()
        line.close()
