"""Run Prometheus on the master and nothing besides: no Grafana, no proxy, nothing published.

    python examples/only_prometheus.py [fleet-config.yaml]

It scrapes every exporter of the fleet, and a later `dcov quickstart` keeps it as it is.
"""

import sys

from dcov import Context, Fleet, task
from dcov.stack import PROMETHEUS, Blueprint, Healthy, claim, on_engine, prometheus, recorded
from dcov.tasks import install_prerequisites


@task(on="master", prepare=Blueprint.prepare)
@on_engine
def deploy_prometheus(ctx: Context) -> None:
    """Run Prometheus as a container, reachable on the master's loopback alone."""
    install_prerequisites(ctx)
    blueprint: Blueprint = ctx.prepared
    stack = blueprint.to_deploy(ctx)
    wanted = [
        *stack.images(PROMETHEUS),
        *stack.foundation(),
        *prometheus.files(stack, existing=prometheus.existing(ctx, stack)),
        *stack.services(PROMETHEUS),
    ]
    if stack.survey.runs(PROMETHEUS.name):
        wanted.append(prometheus.reloaded(stack))
    ctx.ensure(*recorded(*wanted))
    ctx.verify(Healthy(containers=(PROMETHEUS.name,)), within=120)
    claim(ctx, stack)


def main(config: str | None = None) -> int:
    """Deploy it, and print what it sees through the fleet's own connection."""
    fleet = Fleet.load(config)
    report = fleet.run(deploy_prometheus)
    print(report.summary, *(outcome.why for outcome in report.failures), sep="\n")
    if report.ok:
        with fleet.prometheus as running:
            for target in running.targets():
                print(f"{target.job} of {target.instance}: {target.health}")
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
