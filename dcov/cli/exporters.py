"""`dcov exporters`: which there are, and in which versions."""

from __future__ import annotations

from typing import Annotated

import typer

from dcov.cli.form import Listing, show
from dcov.cli.options import Look, spread
from dcov.cli.progress import say
from dcov.config.search import find_config
from dcov.errors import ConfigError
from dcov.exporters import CATALOGUE, choose
from dcov.exporters.depot import Depot
from dcov.exporters.download import Download
from dcov.exporters.lock import NAME, Lock, lock_release
from dcov.exporters.mirror import Mirror
from dcov.inventory.open_site import open_site
from dcov.inventory.site import Site

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, add_completion=False)


def complete_exporter(incomplete: str) -> list[str]:
    """Offer the names of exporters."""
    return [item.name for item in CATALOGUE if item.name.startswith(incomplete)]


@app.callback()
def exporters() -> None:
    """List exporters and lock their versions."""


@app.command("list")
@spread
def list_(*, how: Look) -> None:
    """List the exporters: job, port, the version that is installed, and whether it is locked."""
    site = _site(how)
    lock = Lock.load(site.folder / NAME) if site else Lock.load()
    declared = site.settings.exporters if site else {}
    rows = []
    for item in CATALOGUE:
        own = declared.get(item.name)
        version = (own and own.version) or lock.version(item.name)
        pins = [pin for pin in lock.pins if pin.key[:2] == (item.name, version)]
        rows.append(
            {
                "name": item.name,
                "job": item.job,
                "port": item.port,
                "version": version,
                "arch": [arch.value for arch in item.release.arches],
                "locked": [pin.arch.value for pin in pins],
                "enabled": own is None or own.enabled is not False,
                "needs_gpu": item.needs_gpu,
                "found": sorted({place for pin in pins for place in pin.found}),
            }
        )
    columns = ("name", "job", "port", "version", "arch", "locked", "enabled")
    more = ("needs_gpu", "found")
    show(Listing(kind="exporters", rows=rows, columns=columns, more=more), how.form)


@app.command("lock")
@spread
def lock(
    *,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The exporter.", autocompletion=complete_exporter)
    ],
    version: Annotated[
        str, typer.Argument(metavar="VERSION", help="The version to install from now on.")
    ],
    how: Look,
) -> None:
    """Choose a version, and write down what its release files must hash to.

    The digests are those of the release's own sums file; the files are fetched and compared.
    They go to exporters.lock.toml beside the configuration.
    """
    site = open_site(how.config)
    mirror = Mirror(base=str(site.settings.mirror or ""))
    depot = Depot(download=Download(mirror=mirror))
    (exporter,) = choose([name])
    into = site.folder / NAME
    written = lock_release(exporter.release, version=version, into=into, depot=depot)
    rows = [
        {"name": pin.exporter, "version": pin.version, "arch": pin.arch.value, "sha256": pin.sha256}
        for pin in written.pins
        if pin.exporter == exporter.name and pin.version == written.version(exporter.name)
    ]
    columns = ("name", "version", "arch", "sha256")
    show(Listing(kind="pins", rows=rows, columns=columns), how.form)
    say(f"{into}: {exporter.name} {written.version(exporter.name)}")


def _site(how: Look) -> Site | None:
    """Return the site; without one there are still the versions that dcov ships."""
    try:
        find_config(how.config)
    except ConfigError:
        if how.config is not None:
            raise
        return None
    return open_site(how.config)
