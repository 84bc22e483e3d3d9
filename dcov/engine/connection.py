"""dcov within a plain Nornir: the connection plugin, and a fleet as a Nornir object."""

from __future__ import annotations

from typing import Any

from nornir.core import Nornir
from nornir.core.configuration import Config
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.core.processor import Processors
from nornir.core.state import GlobalState

from dcov.cancel import Cancel
from dcov.context import Context, Preparing, Work
from dcov.engine.options import Options
from dcov.engine.plugins import make_ready
from dcov.engine.preparations import Preparations
from dcov.engine.processors import guarded
from dcov.engine.record import is_dead
from dcov.engine.runner import Runner
from dcov.engine.scope import holder_of, new_run_id, open_links, session_of
from dcov.inventory.entry import Entry
from dcov.inventory.nornir import from_nornir, to_nornir
from dcov.inventory.site import Site
from dcov.secret import Masker

PLUGIN = "dcov-ssh"


class DcovConnection:
    """Nornir's connection plugin `dcov-ssh`: a server with checked host keys and deadlines."""

    def __init__(self) -> None:
        self.connection: OpenHost | None = None

    def open(  # noqa: PLR0917  # nornir calls it so
        self,
        hostname: str | None,
        username: str | None,
        password: str | None,
        port: int | None,
        platform: str | None,
        extras: dict[str, Any] | None = None,
        configuration: Config | None = None,
    ) -> None:
        """Get ready to connect to the host `extras["name"]` of `extras["inventory"]`."""
        del hostname, username, password, port, platform, configuration  # the site has them all
        given = extras or {}
        site = from_nornir(given["inventory"])
        self.connection = OpenHost(site[given["name"]], site=site)

    def close(self) -> None:
        """Close the SSH connection."""
        if self.connection is not None:
            self.connection.close()


class OpenHost:
    """One host of a plain Nornir run; called, it gives the Context for a task."""

    def __init__(self, entry: Entry, *, site: Site, options: Options | None = None) -> None:
        self._entry = entry
        self._site = site
        self._options = options or Options()
        self._cancel = Cancel()
        self._masker = Masker.of(site.secrets)
        self._links = open_links(site, options=self._options, cancel=self._cancel)

    def __call__(self, *, planning: bool) -> Context:
        run = new_run_id()
        preparing = Preparing(
            fleet=self._site,
            servers=tuple(self._site.entries.values()),
            planning=planning,
            note=lambda _text: None,
            hide=self._masker.learn,
        )
        work = Work(
            run=run,
            holder=holder_of(run),
            fleet=self._site,
            cancel=self._cancel,
            masker=self._masker,
            emit=lambda _event: None,
            prepare=Preparations(preparing),
            planning=planning,
            is_dead=is_dead,
        )
        session = session_of(
            self._entry, links=self._links, masker=self._masker, cancel=self._cancel
        )
        return Context(work, entry=self._entry, session=session, deadline=self._options.deadline)

    def close(self) -> None:
        """Close the connection."""
        self._links.close_all()


def as_nornir(site: Site, *, names: set[str], options: Options) -> Nornir:
    """Return the site as a Nornir object on dcov's runner."""
    ConnectionPluginRegister.register(PLUGIN, DcovConnection)
    inventory = to_nornir(site)
    make_ready(inventory, site=site)
    return Nornir(
        inventory=inventory,
        runner=Runner(options=options),
        data=GlobalState(),
        processors=Processors(guarded(options.processors)),
    ).filter(filter_func=lambda host: host.name in names)
