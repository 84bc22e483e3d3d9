"""Tell a Prometheus what to scrape."""

from __future__ import annotations

from pathlib import PurePosixPath

from dcov import Context, task
from dcov.monitoring import (
    Reloaded,
    Scraped,
    Target,
    ask_targets,
    down,
    splice,
    target_files,
    targets,
)
from dcov.resources import Directory, File
from dcov.stack import PROMETHEUS, Blueprint, Stack, claim, on_engine, prometheus, recorded


@task(on="master", prepare=Blueprint.prepare)
def configure_prometheus(
    ctx: Context,
    *,
    file: str = "",
    unit: str = "prometheus",
    url: str = "http://127.0.0.1:9090",
) -> None:
    """Make the master's Prometheus scrape every exporter of the fleet.

    Writes one file of targets for each job beside its configuration, and one job between two
    marker lines in it; what stands outside them is kept. promtool checks before anything is
    replaced, Prometheus reads it anew, and every exporter must have been scraped within 60 s;
    otherwise the former configuration is put back. Those that are down are named.

    Parameters:
        file: Configuration file of a Prometheus that dcov did not deploy; its own if empty.
        unit: The systemd unit of such a one.
        url: Where such a one answers, as seen from the master.
    """
    blueprint: Blueprint = ctx.prepared
    if file:
        _given(ctx, blueprint, config=PurePosixPath(file), unit=unit, url=url)
        return
    if not PROMETHEUS.on(blueprint.site.settings):
        ctx.skip("components.dc_overview is off, and no other Prometheus' configuration is named")
    stack = blueprint.to_deploy(ctx)
    stack.require(PROMETHEUS)
    _own(ctx, stack)


@on_engine
def _own(ctx: Context, stack: Stack) -> None:
    """Configure the Prometheus of the stack."""
    files = prometheus.files(stack, existing=prometheus.existing(ctx, stack))
    running = (prometheus.reloaded(stack),) if stack.survey.runs(PROMETHEUS.name) else ()
    ctx.ensure(*recorded(*files), *running)
    _await_scrapes(ctx, url=prometheus.url(stack), wanted=prometheus.server_targets(stack))
    claim(ctx, stack)


def _given(
    ctx: Context, blueprint: Blueprint, *, config: PurePosixPath, unit: str, url: str
) -> None:
    """Configure a Prometheus that runs as a unit of the master."""
    wanted = targets(blueprint.site)
    folder = config.parent / "dcov" / "targets"
    values = {"targets": str(folder), "extra": []}
    jobs = blueprint.templates.render("prometheus/scrape.yml.j2", values)
    ctx.ensure(
        Directory(path=folder.parent),
        *target_files(wanted, folder=folder),
        File(
            path=config,
            content=splice(ctx.read(config), jobs=jobs, file=str(config)),
            validate=("promtool", "check", "config"),
        ),
        Reloaded(url=url, unit=unit, config=config),
    )
    _await_scrapes(ctx, url=url, wanted=wanted)


def _await_scrapes(ctx: Context, *, url: str, wanted: tuple[Target, ...]) -> None:
    """Wait until every exporter was scraped anew, and name those that are down."""
    ctx.verify(Scraped(url=url, targets=wanted), within=60)
    if not ctx.planning:
        seen = ask_targets(ctx, url=url)
        for line in down(
            seen[key] for item in wanted if (key := (item.job, item.instance)) in seen
        ):
            ctx.note(line)
