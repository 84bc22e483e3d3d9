"""What all the tasks of one run share."""

from __future__ import annotations

import logging
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from dcov.cancel import Cancel
from dcov.engine.options import Options
from dcov.engine.record import Record, key_of
from dcov.events import Event, Kind
from dcov.home import user_name
from dcov.inventory.entry import Entry
from dcov.inventory.site import Site
from dcov.report import Report
from dcov.secret import Masker
from dcov.ssh.known_hosts import KnownHosts
from dcov.ssh.link import Trust
from dcov.ssh.links import Links
from dcov.ssh.local import LocalSession
from dcov.ssh.newcomers import Newcomers
from dcov.ssh.session import SshSession, WiredSession
from dcov.ssh.ssh_config import SshConfig

logger = logging.getLogger("dcov")


def new_run_id() -> str:
    """Return an id that sorts by time, to the millisecond, and has no dot in it."""
    now = datetime.now(tz=UTC)
    return f"{now:%Y%m%d-%H%M%S}-{now.microsecond // 1000:03}-{secrets.token_hex(3)}"


def holder_of(run: str) -> str:
    """Return how a server tells others who is changing it."""
    since = datetime.now(tz=UTC).strftime("%H:%M:%S UTC")
    return f"{user_name()}@{socket.gethostname()} run {run} since {since}"


class Reporting(Protocol):
    """What has come to an end, well or not, and can say how."""

    def report(self) -> Report: ...


class Scope:
    """One run: its id and record, its connections, who listens, and how it is cancelled.

    `links` are those of a fleet that stays connected; without them the run opens and closes its
    own.
    """

    def __init__(
        self,
        site: Site,
        *,
        options: Options,
        links: Links | None = None,
        planning: bool = False,
    ) -> None:
        self.id = new_run_id()
        self._site = key_of(site)
        self.cancel = Cancel()
        self.masker = Masker.of(site.secrets)
        if planning and options.accept_new:
            links = None  # those of a connected fleet write down the keys that they take on trust
        self.links = links or open_links(
            site, options=options, cancel=self.cancel, planning=planning
        )
        self._own_links = links is None
        self.report: Report | None = None  # as it was recorded
        self._record = Record(self.id)
        self._listeners = (self._record.event, *options.listeners)
        self.holder = holder_of(self.id)

    def emit(self, event: Event) -> None:
        """Tell everybody who listens; one that fails must not fail the run."""
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                logger.exception("a listener of run %s failed", self.id)

    def tell(self, kind: Kind, *, server: str = "", step: str = "", **data: object) -> None:
        """Emit an event of this run."""
        self.emit(Event(kind=kind, run=self.id, server=server, step=step, data=dict(data)))

    def note(self, text: str) -> None:
        """Tell something that is about no server."""
        self.tell(Kind.NOTE, text=self.masker.text(text))

    @contextmanager
    def recorded(self, what: Reporting, *, name: str, servers: list[str]) -> Iterator[None]:
        """Say that the run begins and how it ended, whatever happens inside."""
        self.tell(Kind.RUN_STARTED, task=name, site=self._site, servers=servers)
        for line in self.links.unreadable:
            self.note(f"passed over {line}")
        try:
            yield
        finally:
            if self._own_links:
                self.links.close_all()
            self.report = what.report()
            self.tell(Kind.RUN_FINISHED, summary=self.report.summary)
            self._record.close(self.report)


def open_links(site: Site, *, options: Options, cancel: Cancel, planning: bool = False) -> Links:
    """Read the host keys and ~/.ssh/config once, and be ready to connect."""
    newcomers = Newcomers(None if planning else site.known_hosts)
    trust = Trust(
        known=KnownHosts.load(site.known_hosts),
        newcomers=newcomers if options.accept_new else None,
    )
    ssh_config = SshConfig.of_operator()
    return Links(site, trust=trust, patience=options.patience, cancel=cancel, ssh_config=ssh_config)


def session_of(entry: Entry, *, links: Links, masker: Masker, cancel: Cancel) -> WiredSession:
    """Return a session with a server: over SSH, or on this machine."""
    if entry.login.local:
        return LocalSession(entry, masker=masker, cancel=cancel)
    return SshSession(entry, links=links, masker=masker, cancel=cancel)
