"""The servers, how to reach them, and the settings of the site."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from dcov.cancel import Cancel
from dcov.engine.asks import sh
from dcov.engine.execution import Job, name_of
from dcov.engine.options import Options
from dcov.engine.run import Plan, Run
from dcov.engine.scope import open_links, session_of
from dcov.engine.stages import Chain
from dcov.errors import ConfigError, UnknownNameError, WorkflowParameterError
from dcov.inventory.as_hosts import to_nornir
from dcov.inventory.entry import Entry
from dcov.inventory.nearest import nearest_names
from dcov.inventory.pattern import select
from dcov.inventory.site import Site
from dcov.report import Outcome, Report
from dcov.runnable import On, Task, refuse_positional
from dcov.secret import Masker
from dcov.selection import without_runs
from dcov.server import BoundServer, Server
from dcov.workflow import Workflow

if TYPE_CHECKING:
    from nornir.core import Nornir

    from dcov.clients.docker import Docker
    from dcov.clients.forward import Forward
    from dcov.clients.grafana import Grafana
    from dcov.clients.prometheus import Prometheus
    from dcov.secret import Secret
    from dcov.ssh.links import Links
    from dcov.ssh.session import WiredSession

OWN_LABELS = ("role", "has_gpu", "name")
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Fleet:
    """A view of the servers of a site; immutable, and safe to use from any thread.

    `names` are the servers of this view, None where nobody chose: then a task runs on the role
    that it is for.
    """

    site: Site
    names: tuple[str, ...] | None = None
    options: Options = field(default_factory=Options)
    replacements: Mapping[str, Task[..., Any]] = field(default_factory=dict)
    links: Links | None = None

    @classmethod
    def load(cls, path: str | Path | None = None) -> Fleet:
        """Read a fleet-config.yaml, or the folder of a Nornir inventory.

        Without a path it is searched: DCOV_CONFIG, upward from the current folder,
        `$XDG_CONFIG_HOME/dcov`, /etc/dc-overview. Raises ConfigError with all problems.
        """
        from dcov.inventory.open_site import open_site

        return cls(site=open_site(path))

    @classmethod
    def of(cls, *servers: Server) -> Fleet:
        """Make a fleet of these servers."""
        return cls(site=Site.of(*(server.entry for server in servers)))

    @classmethod
    def from_nornir(cls, nornir: Nornir) -> Fleet:
        """Take the hosts of a Nornir object, with what groups and defaults give them."""
        from dcov.inventory.nornir import from_nornir

        return cls(site=from_nornir(nornir.inventory))

    @property
    def servers(self) -> tuple[Entry, ...]:
        """The declared servers of this view, in the order of declaration."""
        if self.names is None:
            return tuple(self.site.entries.values())
        return tuple(self.site.entries[name] for name in self.site.entries if name in self.names)

    def __iter__(self) -> Iterator[BoundServer]:
        return (self[entry.name] for entry in self.servers)

    def __len__(self) -> int:
        return len(self.servers)

    def __contains__(self, name: str) -> bool:
        return any(entry.name == name for entry in self.servers)

    def __getitem__(self, name: str) -> BoundServer:
        entry = self.site[name]
        return BoundServer(entry, fleet=replace(self, names=(name,)))

    def __or__(self, other: Fleet) -> Fleet:
        return self._pick(self._chosen() | self._theirs(other))

    def __and__(self, other: Fleet) -> Fleet:
        return self._pick(self._chosen() & self._theirs(other))

    def __sub__(self, other: Fleet) -> Fleet:
        return self._pick(self._chosen() - self._theirs(other))

    def __repr__(self) -> str:
        names = [entry.name for entry in self.servers]
        shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")  # noqa: PLR2004
        return f"<Fleet {self.site.name!r}: {len(names)} servers ({shown})>"

    def where(self, pattern: Any = "*", /, **labels: Any) -> Fleet:
        """Return a view of the servers that match.

        `pattern` is in Ansible's pattern language (`gpu-*:!gpu-03:&workers`), in which `@failed`
        are the servers that the last run left undone and `@RUN` those of that run, or a Nornir
        `F` filter. `labels` are compared with `has_gpu`, `role` and the servers' labels. Raises
        UnknownNameError, with a suggestion, for a name that matches nothing, and for a label that
        no server of the site has.
        """
        if isinstance(pattern, str):
            known = without_runs(pattern, site=self.site)
            names = {entry.name for entry in select(self.site, known)}
        else:
            names = set(to_nornir(self.site).filter(pattern).hosts)
        names &= self._chosen()
        for key, wanted in labels.items():
            self._require_label(key)
            names = {name for name in names if self._label(self.site.entries[name], key) == wanted}
        return self._pick(names)

    def using(self, **options: Any) -> Fleet:
        """Return the same view with another way to run: see `Options`."""
        return replace(self, options=replace(self.options, **options))

    def replacing(self, *tasks: Task[..., Any]) -> Fleet:
        """Return the same view, in which these run instead of the tasks that they replace.

        Also where a workflow or another task asks for one of those. The command line does so with
        the site's own `tasks/`. Raises ConfigError for a task that does not say `replaces`.
        """
        for task in tasks:
            if not task.replaces:
                message = "does not say which task it replaces: @task(replaces=...)"
                raise ConfigError.about(message, key=task.name)
        named = {str(task.replaces): task for task in tasks}
        return replace(self, replacements={**self.replacements, **named})

    def run(self, task: Task[P, R] | Any, /, *args: P.args, **kwargs: P.kwargs) -> Report:
        """Run a task, a workflow, or any Nornir task function; one outcome for each server.

        Failures of servers do not raise: see `Report.raise_for_failures`. Ctrl-C cancels the run
        and raises RunInterrupted, which carries the report.
        """
        return self.start(task, *args, **kwargs).wait_interruptibly()

    def start(self, task: Task[P, R] | Any, /, *args: P.args, **kwargs: P.kwargs) -> Run:
        """Start a task or a workflow and return at once."""
        return Run(self._work(task, _params(task, args, kwargs)))

    def stream(
        self, task: Task[P, R] | Any, /, *args: P.args, **kwargs: P.kwargs
    ) -> Iterator[Outcome]:
        """Yield each server's outcome as it finishes; leaving the loop cancels the run.

        A workflow yields one for each server of each step.
        """
        return self.start(task, *args, **kwargs).outcomes()

    def plan(self, task: Task[P, R] | Any, /, *args: P.args, **kwargs: P.kwargs) -> Plan:
        """Say what a task would do, with diffs; nothing is changed anywhere."""
        params = _params(task, args, kwargs)
        work = self._work(task, params)
        run = Run(replace(work, planning=True, options=work.options.at_once))
        report = run.wait_interruptibly()
        fingerprints = run.fingerprints()
        bad = {item.server for item in report.outcomes if not item.status.good}

        def again(expected: Mapping[str, tuple[str, ...]]) -> Report:
            planned = replace(self._work(task, params), expected=expected)
            return Run(planned.without(bad)).wait_interruptibly()

        return Plan(report=report, fingerprints=fingerprints, again=again)

    def sh(self, command: str, /, *, within: float = 60.0, as_root: bool = False) -> Report:
        """Run a shell command on every server of the view."""
        return self.run(sh, command=command, within=within, as_root=as_root)

    @contextmanager
    def connected(self) -> Iterator[Fleet]:
        """Keep connections between calls inside the block: for notebooks."""
        options = replace(self.options, keep_connected=True)
        links = open_links(self.site, options=options, cancel=Cancel())
        try:
            yield replace(self, options=options, links=links)
        finally:
            links.close_all()

    @property
    def nornir(self) -> Nornir:
        """The same fleet as a Nornir object: the escape hatch."""
        from dcov.engine.connection import as_nornir

        return as_nornir(self.site, names=self._chosen(), options=self.options)

    @property
    def master(self) -> BoundServer:
        """The server with Prometheus on it; this machine where none is declared."""
        master = self.site.master
        if master.name in self.site.entries:
            return self[master.name]
        site = replace(self.site, entries={**self.site.entries, master.name: master})
        return replace(self, site=site)[master.name]

    @property
    def prometheus(self) -> Prometheus:
        """The Prometheus that dcov deployed, through a tunnel: no port of it need be open to us."""
        port = self.site.settings.prometheus.port
        return self.prometheus_at(f"http://127.0.0.1:{port}/prometheus")

    def prometheus_at(self, url: str) -> Prometheus:
        """Return a client for a Prometheus at this URL, as seen from the master."""
        from dcov.clients.prometheus import Prometheus
        from dcov.clients.tunnel import tunnelled

        session, end = self._master_session()
        return Prometheus(tunnelled(session.open_port), url=url, on_close=end)

    @property
    def grafana(self) -> Grafana:
        """The master's Grafana, through a tunnel, as its own admin."""
        return self.grafana_at(f"http://127.0.0.1:{self.site.settings.grafana.port}/grafana")

    def grafana_at(
        self, url: str, *, user: str = "admin", password: Secret | None = None
    ) -> Grafana:
        """Return a client for a Grafana at this URL.

        `http://` is as seen from the master, `https://` is called from this machine. Without a
        password it is `grafana.admin_password`; raises ConfigError where there is none.
        """
        from dcov.clients.grafana import Grafana, admin_password
        from dcov.clients.tunnel import tunnelled

        known = password or admin_password(self.site)
        session, end = self._master_session()
        http = tunnelled(session.open_port)
        return Grafana(http, url=url, user=user, password=known, on_close=end)

    def forward(self, port: int, *, host: str = "127.0.0.1", local: int = 0) -> Forward:
        """Have a port of this machine's loopback lead to one as the master sees it.

        `local` 0 takes a port that is free. It lasts until it is closed. Raises OSError where
        the local port is taken.
        """
        from dcov.clients.forward import Forward

        session, end = self._master_session()
        try:
            session.run(("true",), within=30, reads=True, as_root=False)  # fails here, not later
            return Forward(session.open_port, to=(host, port), local=local, on_close=end)
        except BaseException:
            end()
            raise

    @property
    def docker(self) -> Docker:
        """The master's container engine, looked at over the fleet's own connection."""
        from dcov.clients.docker import Docker

        session, end = self._master_session()
        return Docker.over(session, on_close=end)

    @contextmanager
    def session(self, entry: Entry) -> Iterator[WiredSession]:
        """Hold a connection to one of the servers; see `connect()` of the server."""
        session, end = self._session(entry)
        try:
            yield session
        finally:
            end()

    def _master_session(self) -> tuple[WiredSession, Callable[[], None]]:
        return self._session(self.master.entry)

    def _session(self, entry: Entry) -> tuple[WiredSession, Callable[[], None]]:
        """Return a session with a server, and what ends it: nothing while we stay connected."""
        cancel, masker = Cancel(), Masker.of(self.site.secrets)
        links = self.links or open_links(self.site, options=self.options, cancel=cancel)
        session = session_of(entry, links=links, masker=masker, cancel=cancel)
        # With that of a jump host in front of it.
        return session, (lambda: None) if self.links else links.close_all

    def _chosen(self) -> set[str]:
        return {entry.name for entry in self.servers}

    def _theirs(self, other: Fleet) -> set[str]:
        """Return the names of another view; raises ConfigError where it is of another site."""
        if other.site != self.site:  # whose servers would be left out, or be other ones
            message = f"{self!r} and {other!r} are of two sites; run on each by itself"
            raise ConfigError.about(message)
        return other._chosen()

    def _pick(self, names: set[str]) -> Fleet:
        return replace(self, names=tuple(name for name in self.site.entries if name in names))

    def _work(self, task: Any, params: Mapping[str, Any]) -> Job | Chain:
        if isinstance(task, Workflow):
            return self._chain(task)
        task = self._in_place_of(task)
        return self._job(task, params, servers=self._targets(task))

    def _in_place_of(self, task: Any) -> Any:
        """Return the task that runs for this one: its role, options and `prepare` count, too."""
        return self.replacements.get(task.name, task) if isinstance(task, Task) else task

    def _chain(self, workflow: Workflow) -> Chain:
        """Return the steps with their servers; one without any on this view is left out."""
        steps = [
            (step, self._job(task, step.params, servers=servers))
            for step in workflow.steps
            for task in (self._in_place_of(step.task),)
            if (servers := self._members(step.on or task.on))
        ]
        names = {step.name for step, _ in steps}
        return Chain(
            name=workflow.name,
            site=self.site,
            steps=tuple((step.among(names), job) for step, job in steps),
            options=self.options,
            links=self.links,
        )

    def _members(self, role: On) -> tuple[Entry, ...]:
        chosen = self._of_role(role)
        if self.names is None:
            return chosen
        return tuple(entry for entry in chosen if entry.name in self.names)

    def _job(self, task: Any, params: Mapping[str, Any], *, servers: tuple[Entry, ...]) -> Job:
        return Job(
            site=self.site,
            servers=servers,
            task=task,
            params=dict(params),
            options=self._how(task),
            replacements=self.replacements,
            links=self.links,
        )

    def _how(self, task: Any) -> Options:
        """Return the options, with the task's own where the caller left the default."""
        own = task.using if isinstance(task, Task) else {}
        default = Options()
        unset = {
            key: value
            for key, value in own.items()
            if getattr(self.options, key) == getattr(default, key)
        }
        return replace(self.options, **unset)

    def _targets(self, task: Any) -> tuple[Entry, ...]:
        on = task.on if isinstance(task, Task) else "all"
        if self.names is not None or on == "all":
            return self.servers
        return self._of_role(on)

    def _of_role(self, on: On) -> tuple[Entry, ...]:
        master, workers = (self.site.master,), self.site.workers
        return {"master": master, "workers": workers, "all": (*workers, *master)}[on]

    def _require_label(self, key: str) -> None:
        known = {
            *OWN_LABELS,
            *(name for entry in self.site.entries.values() for name in entry.labels),
        }
        if key not in known:
            raise UnknownNameError(
                kind="label",
                name=key,
                nearest=nearest_names(key, among=sorted(known)),
                known=f"the site has {', '.join(sorted(known))}",
            )

    def _label(self, entry: Entry, key: str) -> Any:
        if key in OWN_LABELS:
            return getattr(entry, key)
        return entry.labels.get(key)


def _params(task: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the parameters of a call; raises ParameterError rather than pass over one."""
    if isinstance(task, Workflow) and (args or kwargs):
        given = " and no ".join(map(repr, kwargs)) or "values"
        raise WorkflowParameterError(task=task.name, message=f"a workflow takes no {given}")
    refuse_positional(args, task=name_of(task))
    return kwargs
