"""Run IPMI Monitor on the master."""

from __future__ import annotations

from dcov import Context, task
from dcov.stack import (
    IPMI_MONITOR,
    SHARED,
    Blueprint,
    Healthy,
    claim,
    on_engine,
    proxy,
    recorded,
    say_withdrawn,
    withdraw,
)


@task(on="master", prepare=Blueprint.complete)
@on_engine
def deploy_ipmi_monitor(ctx: Context) -> None:
    """Run IPMI Monitor with the BMCs of the fleet, behind the proxy.

    It is told every server with a `bmc_ip`, a server's own login before the site's; one that is
    removed from the site is removed there. One that runs already and is not dcov's is used as it
    is: linked and scraped, never made anew. Where the site wants none any more, dcov's own is
    removed, with what it was told; its volume stays.
    """
    blueprint: Blueprint = ctx.prepared
    if not IPMI_MONITOR.on(blueprint.site.settings):
        withdraw(ctx, blueprint, why="components.ipmi_monitor is off")
        return
    stack = blueprint.to_deploy(ctx)
    neighbour = stack.survey.foreign(IPMI_MONITOR.name)
    if neighbour is not None:
        ctx.note(f"uses the {IPMI_MONITOR.name} that runs here already ({neighbour.image})")
        if SHARED not in neighbour.networks:
            ctx.note(f"it is not on the network {SHARED}: nothing can reach it there")
        elif neighbour.state != "running":
            ctx.note(f"it is {neighbour.state}: start it to see it")
        return
    if stack.family:
        proxy.Family.of(ctx, stack=stack)  # its /ipmi/ asks for a login, or nothing may be there
    wanted = (*stack.images(IPMI_MONITOR), *stack.foundation(), *stack.services(IPMI_MONITOR))
    ctx.ensure(*recorded(*wanted))
    ctx.verify(Healthy(containers=(IPMI_MONITOR.name,)), within=120)
    say_withdrawn(ctx, stack)
    claim(ctx, stack)
