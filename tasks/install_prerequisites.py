"""Have on the master what its containers need."""

from __future__ import annotations

from dcov import Context, task
from dcov.resources import Packages, Resource, Unit
from dcov.stack import Survey, check_site, wanted_tools


@task(on="master")
def install_prerequisites(ctx: Context) -> None:
    """Install the container engine, compose, and what the chosen components need besides.

    Packages are the distribution's; the engine is enabled and started. Whatever is there already
    is used as it is, whoever installed it. The report says what was found. Nothing is done where
    somebody else has changed the site on the master since this copy of it was made.
    """
    found = Survey.settled(ctx)
    check_site(ctx, seen=found.site)  # the first step of quickstart: nothing was changed anywhere
    packages = [tool for tool in wanted_tools(ctx.fleet.settings) if tool not in found.tools]
    if "docker" not in found.tools:
        packages.append("docker.io")
    if not found.compose:
        ubuntu = ctx.facts.os_id == "ubuntu"
        packages.append("docker-compose-v2" if ubuntu else "docker-compose")
    wanted: list[Resource] = [Packages(names=tuple(packages))] if packages else []
    if not found.engine:
        wanted.append(Unit(name="docker"))
    if found.engine:
        ctx.note(f"found Docker {found.engine}, compose {found.compose or 'none'}")
    ctx.ensure(*wanted)
    if not ctx.planning:
        Survey.of(ctx).require_engine()
