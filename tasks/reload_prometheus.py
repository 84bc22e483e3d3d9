"""Have the stack's Prometheus read its files anew."""

from __future__ import annotations

from dcov import Context, task
from dcov.stack import Blueprint, prometheus


@task(on="master", prepare=Blueprint.prepare)
def reload_prometheus(ctx: Context) -> None:
    """Have the stack's Prometheus read its configuration and rules anew, as they lie there.

    For files that were changed by hand, or by another program; every task that writes one has it
    read by itself. Fails in Prometheus' own words where it refuses them, and it goes on with the
    former ones. Files of targets it reads by itself.
    """
    blueprint: Blueprint = ctx.prepared
    stack = blueprint.stack(ctx)
    reload, url = prometheus.reloaded(stack).reload, prometheus.url(stack)
    ctx.run(reload, within=60, shown=f"curl -X POST {url}/-/reload")
