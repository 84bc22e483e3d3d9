"""Run the exporters of the marketplaces on the master."""

from __future__ import annotations

from dcov import Context, task
from dcov.stack import (
    RUNPOD,
    VASTAI,
    Blueprint,
    Healthy,
    claim,
    on_engine,
    recorded,
    say_withdrawn,
    withdraw,
)


@task(on="master", prepare=Blueprint.complete)
@on_engine
def deploy_marketplace_exporters(ctx: Context) -> None:
    """Run the exporters of Vast.ai and RunPod for which there are keys.

    They are on Prometheus' own network and listen on no port of the master. Their images take API
    keys as environment variables alone, so whoever may use the engine there can read them. One
    that the site wants no more is removed, with its keys; its volume stays. A container of that
    name that somebody else made is refused, and nothing is changed.
    """
    blueprint: Blueprint = ctx.prepared
    wanted = [item for item in (VASTAI, RUNPOD) if item.on(blueprint.site.settings)]
    if not wanted:
        why = "neither components.vast_exporter nor components.runpod_exporter is on"
        withdraw(ctx, blueprint, why=why)
        return
    stack = blueprint.to_deploy(ctx)
    stack.require(*wanted)
    files = stack.foundation()
    ctx.ensure(*stack.images(*wanted), *recorded(*files), *stack.services(*wanted))
    ctx.verify(Healthy(containers=tuple(item.name for item in wanted)), within=120)
    say_withdrawn(ctx, stack)
    claim(ctx, stack)
