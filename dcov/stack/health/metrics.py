"""Whether Prometheus answers, scrapes every target, and evaluates every rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import yaml

from dcov.clients.prometheus import ActiveTarget, Prometheus
from dcov.context import Context
from dcov.errors import ConfigError, PrometheusError
from dcov.monitoring import Target, rules
from dcov.stack import prometheus
from dcov.stack.health.verdict import Layer, Level, Verdict
from dcov.stack.stack import Stack

CONFIGURE = "`dcov run configure-prometheus` brings it in"


def of_prometheus(ctx: Context, *, stack: Stack) -> Iterator[Verdict]:
    """Yield what Prometheus says of itself, of its targets and of its rules."""
    from dcov.clients.tunnel import tunnelled

    with Prometheus(tunnelled(ctx.open_port), url=prometheus.url(stack)) as client:
        try:
            version = client.version()
            yield _configuration(client, version=version, server=ctx.name)
            active = {(item.job, item.instance): item for item in client.targets()}
            loaded = {item.name: item for item in client.rule_groups()}
        except PrometheusError as error:
            yield Verdict(
                layer=Layer.PROMETHEUS,
                subject="prometheus",
                level=Level.BAD,
                why=error.why,
                hint="`dcov logs prometheus` tells more",
                server=ctx.name,
            )
            return
    yield from _targets(active, stack=stack)
    for name in _wanted_groups(stack):
        found = loaded.get(name)
        if found is None:
            why, hint = "is not loaded", CONFIGURE
        elif found.error:
            why, hint = found.error, "a rule cannot be evaluated; `dcov logs prometheus`"
        else:
            why, hint = "", ""
        yield Verdict(
            layer=Layer.RULES,
            subject=name,
            level=Level.BAD if why else Level.OK,
            why=why,
            hint=hint,
            server=ctx.name,
        )


def _configuration(client: Prometheus, *, version: str, server: str) -> Verdict:
    refused = not client.took_configuration()
    return Verdict(
        layer=Layer.PROMETHEUS,
        subject="prometheus",
        level=Level.BAD if refused else Level.OK,
        why="it refused its configuration, and goes on with the former" if refused else version,
        hint="`dcov logs prometheus` names the line" if refused else "",
        server=server,
    )


def _targets(active: Mapping[tuple[str, str], ActiveTarget], *, stack: Stack) -> Iterator[Verdict]:
    try:
        wanted = prometheus.stack_targets(stack)
    except ConfigError as error:
        yield Verdict(
            layer=Layer.TARGETS,
            subject=stack.site.name,
            level=Level.BAD,
            why=error.why,
            hint=error.remedy,
        )
        return
    for target in wanted:
        yield _target(target, active=active.get((target.job, target.instance)))


def _target(target: Target, *, active: ActiveTarget | None) -> Verdict:
    level, why, hint = Level.BAD, "is no target of Prometheus", CONFIGURE
    if active is not None:
        level, why, hint = {
            "up": (Level.OK, "", ""),
            "unknown": (Level.WARN, "has not been scraped yet", ""),
        }.get(
            active.health,
            (Level.BAD, active.error, f"the master must reach {target.place}; see what runs there"),
        )
    return Verdict(
        layer=Layer.TARGETS,
        subject=f"{target.instance} {target.job}",
        level=level,
        why=why,
        hint=hint,
        server=target.instance,
    )


def _wanted_groups(stack: Stack) -> list[str]:
    """Return the names of the groups of dcov's rule files."""
    texts = rules(stack.templates).values()
    return [group["name"] for text in texts for group in yaml.safe_load(text)["groups"]]
