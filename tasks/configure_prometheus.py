"""Tell a Prometheus what to scrape."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from dcov import Context, Preparing, task
from dcov.monitoring import Reloaded, Scraped, Target, ask_targets, down, file_sd, splice, targets
from dcov.resources import Directory, File
from dcov.stack import Templates


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The targets of the whole fleet, and our part of prometheus.yml."""

    targets: tuple[Target, ...]
    templates: Templates


def prepare(preparing: Preparing, **_: Any) -> Prepared:
    """Work the targets out once."""
    site = preparing.fleet
    return Prepared(targets=targets(site), templates=Templates(site.folder / "templates"))


@task(on="master", prepare=prepare)
def configure_prometheus(
    ctx: Context,
    *,
    config: str = "/etc/prometheus/prometheus.yml",
    unit: str = "prometheus",
    url: str = "http://127.0.0.1:9090",
) -> None:
    """Make a Prometheus that runs on the master scrape every exporter of the fleet.

    Writes one file of targets for each job beside its configuration, and one job between two
    marker lines in it; what stands outside them is kept. promtool checks before anything is
    replaced, Prometheus reads it anew, and every target must have been scraped within 60 s;
    otherwise the former configuration is put back. Targets that are down are named.

    Parameters:
        config: The configuration file on the master.
        unit: Its systemd unit.
        url: Where it answers, as seen from the master.
    """
    prepared: Prepared = ctx.prepared
    file = PurePosixPath(config)
    folder = file.parent / "dcov" / "targets"
    jobs = prepared.templates.render("prometheus/scrape.yml.j2", {"targets": str(folder)})
    ctx.ensure(
        Directory(path=folder.parent),
        Directory(path=folder),
        *(
            File(path=folder / f"{job}.json", content=content)
            for job, content in file_sd(prepared.targets).items()
        ),
        File(
            path=file,
            content=splice(ctx.read(file), jobs=jobs, file=config),
            validate=("promtool", "check", "config"),
        ),
        Reloaded(url=url, unit=unit, config=file),
    )
    ctx.verify(Scraped(url=url, targets=prepared.targets), within=60)
    if not ctx.planning:
        for line in down(ask_targets(ctx, url=url).values()):
            ctx.note(line)
