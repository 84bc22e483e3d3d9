"""Whether the stack on the master is well."""

from __future__ import annotations

from collections.abc import Iterator

from dcov.context import Context
from dcov.stack.blueprint import Blueprint
from dcov.stack.component import GRAFANA, PROMETHEUS, PROXY, Component
from dcov.stack.health.boards import of_grafana
from dcov.stack.health.containers import of_containers
from dcov.stack.health.front import of_proxy
from dcov.stack.health.metrics import of_prometheus
from dcov.stack.health.server import disk
from dcov.stack.health.verdict import Layer, Level, Verdict
from dcov.stack.paths import HOME
from dcov.stack.stack import Stack

DATA = ("/var/lib/docker", str(HOME))


def of_master(ctx: Context, *, blueprint: Blueprint) -> Iterator[Verdict]:
    """Yield what is found on the master, besides what is found on any server."""
    stack = blueprint.stack(ctx)
    yield from _disks(ctx)
    if not any(item.on(stack.settings) for item in (PROMETHEUS, GRAFANA, PROXY)):
        return
    if not stack.survey.engine:
        yield Verdict(
            layer=Layer.CONTAINERS,
            subject=ctx.name,
            level=Level.BAD,
            why=stack.survey.trouble or "docker is not installed",
            hint="`dcov quickstart` deploys the site",
            server=ctx.name,
        )
        return
    yield from of_containers(ctx, stack=stack)
    if _looked_at(stack, PROMETHEUS):
        yield from of_prometheus(ctx, stack=stack)
    if _looked_at(stack, GRAFANA):
        yield from of_grafana(ctx, stack=stack)
    if PROXY.on(stack.settings) and stack.survey.runs(PROXY.name):
        yield from of_proxy(ctx, stack=stack)


def _looked_at(stack: Stack, component: Component) -> bool:
    """Whether it is ours and runs; if it does not, that is said of its container."""
    return component in stack.components and stack.survey.runs(component.name)


def _disks(ctx: Context) -> Iterator[Verdict]:
    """Yield the file systems on which the stack's data lie, where they are others than `/`."""
    said = ctx.run(("df", "-Pk", "--", *DATA), reads=True, check=False).stdout
    rows = [line.split(None, 5) for line in said.splitlines()[1:]]
    for place, (_, size, _, free, _, _) in {row[5]: row for row in rows}.items():
        if place != "/":
            yield disk(ctx.name, place, size=int(size), free=int(free))
