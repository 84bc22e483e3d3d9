"""Run the exporters of the marketplaces on the master."""

from __future__ import annotations

from dcov import Context, task
from dcov.stack import RUNPOD, VASTAI, Blueprint, Healthy, claim, on_engine, recorded


@task(on="master", prepare=Blueprint.complete)
@on_engine
def deploy_marketplace_exporters(ctx: Context) -> None:
    """Run the exporters of Vast.ai and RunPod for which there are keys.

    They are on Prometheus' own network and listen on no port of the master. Their images take API
    keys as environment variables alone, so whoever may use the engine there can read them.
    """
    blueprint: Blueprint = ctx.prepared
    stack = blueprint.to_deploy(ctx)
    wanted = [item for item in (VASTAI, RUNPOD) if item in stack.components]
    if not wanted:
        ctx.skip("neither components.vast_exporter nor components.runpod_exporter is on")
    files = stack.foundation()
    ctx.ensure(*stack.images(*wanted), *recorded(*files), *stack.services(*wanted))
    ctx.verify(Healthy(containers=tuple(item.name for item in wanted)), within=120)
    claim(ctx, stack)
