"""Which exporters go where: chosen, versioned and fetched once per run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from dcov.change import Change
from dcov.context import Context, Preparing
from dcov.converge.resource import Resource
from dcov.errors import ConfigError
from dcov.exporters.artifact import Arch
from dcov.exporters.catalogue import CATALOGUE, choose
from dcov.exporters.depot import Binary, Depot
from dcov.exporters.download import Download
from dcov.exporters.exporter import Exporter
from dcov.exporters.lock import NAME as LOCK_NAME
from dcov.exporters.lock import Lock
from dcov.exporters.mirror import Mirror
from dcov.exporters.scrape import Answers
from dcov.exporters.version import normalise
from dcov.inventory.site import Site
from dcov.rendering import Templates


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The exporters of a run, with their versions and where their binaries come from."""

    exporters: tuple[Exporter, ...]
    versions: dict[str, str]
    lock: Lock
    depots: dict[str, Depot]
    templates: Templates
    trusted: set[str] = field(default_factory=set)

    @classmethod
    def prepare(
        cls,
        preparing: Preparing,
        *,
        exporters: Iterable[str] | None = None,
        versions: Iterable[str] = (),
    ) -> Installation:
        """Choose; `versions` are written `node_exporter=1.9.0` and win over the site's own."""
        site = preparing.fleet
        settings = site.settings.exporters
        chosen = tuple(
            item
            for item in choose(exporters)
            if exporters is not None
            or item.name not in settings
            or settings[item.name].enabled is not False
        )
        lock = Lock.load(site.folder / LOCK_NAME)
        wanted = {item.name: lock.version(item.name) for item in CATALOGUE}
        wanted |= {name: item.version for name, item in settings.items() if item.version}
        wanted |= dict(_pair(text) for text in versions)
        return cls(
            exporters=chosen,
            versions={name: normalise(version) for name, version in wanted.items()},
            lock=lock,
            depots={item.name: _depot(site, item) for item in chosen},
            templates=Templates(site.folder / "templates"),
        )

    def fitting(self, ctx: Context) -> tuple[Exporter, ...]:
        """Return those that apply to this server; the others are noted, with the reason."""
        fitting: list[Exporter] = []
        for exporter in self.exporters:
            if exporter.needs_gpu and (why := _without_gpu(ctx)):
                ctx.note(f"{exporter.name} skipped: {why}")
                continue
            if exporter.needs_gpu and not ctx.server.has_gpu:
                ctx.note("has a GPU; declare `has_gpu: true`, so that Prometheus scrapes it")
            glibc = ".".join(map(str, ctx.facts.glibc)) or None
            arch = Arch.of(ctx.facts.machine)
            exporter.release.require(arch=arch, machine=ctx.facts.machine, glibc=glibc)
            fitting.append(exporter)
        return tuple(fitting)

    def fetch(self, exporter: Exporter, *, ctx: Context) -> Binary:
        """Return the binary for this server's architecture, downloaded at most once."""
        arch = Arch.of(ctx.facts.machine)
        assert arch is not None  # `fitting` has refused the rest
        artifact = self.lock.artifact(
            exporter.release, arch=arch, version=self.versions[exporter.name]
        )
        return self.depots[exporter.name].fetch(artifact)

    def resources(
        self, exporter: Exporter, *, ctx: Context, listen: str = ""
    ) -> tuple[Resource, ...]:
        """Return what makes this exporter run on this server, on one address or on all."""
        fetched = self.fetch(exporter, ctx=ctx)
        return exporter.resources(
            fetched, templates=self.templates, port=exporter.port, listen=listen
        )

    def tell(self, changes: Iterable[Change], *, ctx: Context) -> None:
        """Note which releases that no lock file pins these changes bring to the server.

        Said once in a run, on the first server: what runs there already was trusted before.
        """
        brought = {change.resource for change in changes if change.needed}
        for exporter in self.exporters:
            if f"binary:{exporter.binary}" not in brought:
                continue
            fetched = self.fetch(exporter, ctx=ctx)
            if not fetched.pinned and fetched.sha256 not in self.trusted:
                self.trusted.add(fetched.sha256)
                ctx.note(f"{exporter.name} {fetched.version} {fetched.arch}: trusted on first use")

    def check(
        self, exporter: Exporter, *, applied: tuple[Resource, ...] = (), listen: str = ""
    ) -> Answers:
        """Return the check that it answers; `applied` is probed again where it was changed."""
        return Answers(
            exporter=exporter,
            port=exporter.port,
            version=self.versions[exporter.name],
            listen=listen,
            resources=applied,
        )


def _without_gpu(ctx: Context) -> str:
    """Say why a server gets no exporter for GPUs; what is declared counts, else what is found."""
    if ctx.server.has_gpu is False:
        return "declared with `has_gpu: false`"
    return "" if ctx.facts.has_gpu or ctx.server.has_gpu else "no GPU here"


def _depot(site: Site, exporter: Exporter) -> Depot:
    own = site.settings.exporters.get(exporter.name)
    mirror = (own.mirror if own else None) or site.settings.mirror or ""
    return Depot(download=Download(mirror=Mirror(base=str(mirror))))


def _pair(text: str) -> tuple[str, str]:
    name, found, version = text.partition("=")
    if not found or not version:
        message = f"{text!r} is not of the form node_exporter=1.9.0"
        raise ConfigError.about(message, key="versions")
    return choose([name])[0].name, version
