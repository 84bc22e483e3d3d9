"""Have on the master what its containers need."""

from __future__ import annotations

from dcov import Context, task
from dcov.stack import Survey, check_site, prerequisites


@task(on="master")
def install_prerequisites(ctx: Context) -> None:
    """Install the container engine, compose, and what the chosen components need besides.

    Packages are the distribution's; the engine is enabled and started. Whatever is there already
    is used as it is, whoever installed it; an engine that would not start with the machine is
    enabled. The report says what was found. Nothing is done where somebody else has changed the
    site on the master since this copy of it was made.
    """
    found = Survey.settled(ctx)
    check_site(ctx, seen=found.site)  # the first step of quickstart: nothing was changed anywhere
    ctx.note(prerequisites.found_engine(found))
    wanted = prerequisites.missing(found, settings=ctx.fleet.settings, os_id=ctx.facts.os_id)
    ctx.ensure(*wanted)
    if not ctx.planning:
        Survey.of(ctx).require_engine()
