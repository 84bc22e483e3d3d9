"""Run Prometheus and Grafana on the master."""

from __future__ import annotations

from dcov import Context, task
from dcov.resources import Resource
from dcov.stack import (
    GRAFANA,
    PROMETHEUS,
    Blueprint,
    Healthy,
    Stack,
    claim,
    grafana,
    on_engine,
    prometheus,
    recorded,
    say_withdrawn,
    withdraw,
)


@task(on="master", prepare=Blueprint.complete)
@on_engine
def deploy_core(ctx: Context) -> None:
    """Run Prometheus and Grafana as containers, provisioned, reachable on loopback alone.

    Prometheus' configuration is tried by its own promtool before it is placed; what an operator
    wrote there outside of dcov's marker lines is kept. Containers of an older product that is
    adopted are replaced, and their volumes used where they are. Grafana's admin password is made
    up where the site names none, and kept in .secrets.yaml. When a container does not become
    healthy within two minutes, all of it is taken back.

    Containers of dcov's that the site has no more are removed, and the files with their keys;
    their volumes stay. One that is somebody else's and has the name of one of dcov's is refused
    before anything is changed.
    """
    blueprint: Blueprint = ctx.prepared
    if not PROMETHEUS.on(blueprint.site.settings):
        withdraw(ctx, blueprint, why="components.dc_overview is off")
        return
    stack: Stack = blueprint.to_deploy(ctx)
    wanted: list[Resource] = [
        *stack.images(PROMETHEUS, GRAFANA),
        *stack.foundation(),
        *prometheus.files(stack, existing=prometheus.existing(ctx, stack)),
        *grafana.superseded(ctx, stack),
        *grafana.files(stack),
        *stack.services(PROMETHEUS, GRAFANA),
    ]
    if stack.survey.runs(PROMETHEUS.name):
        wanted.append(prometheus.reloaded(stack))
    ctx.ensure(*recorded(*wanted))
    ctx.verify(Healthy(containers=(PROMETHEUS.name, GRAFANA.name)), within=120)
    say_withdrawn(ctx, stack)
    claim(ctx, stack)
