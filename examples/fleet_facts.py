"""Print what the servers of a fleet are, and what one command says on each.

    python examples/fleet_facts.py [fleet-config.yaml] [command]

Without a path the configuration is searched, DCOV_CONFIG first. Nothing is changed anywhere.
"""

import sys

from dcov import Context, Fleet, task

GIB = 1024**2  # facts count in KiB


@task(on="all")
def describe(ctx: Context) -> str:
    """Say in one line what the server is."""
    facts = ctx.facts
    gpus = ", ".join(gpu.name for gpu in facts.gpus) or "no GPU"
    free = f"{facts.disk_free_kib / GIB:.0f} of {facts.disk_kib / GIB:.0f} GiB free"
    return f"{facts.os or facts.kernel}, {facts.cpus} CPUs, {free}, {gpus}"


def main(config: str | None = None, command: str = "uptime") -> int:
    """Ask every server twice, over connections that stay open in between."""
    with Fleet.load(config).connected() as fleet:
        for outcome in fleet.stream(describe):  # in the order in which they answer
            print(f"{outcome.server}: {outcome.value if outcome.status.good else outcome.why}")
        report = fleet.sh(command)
    for outcome in report.outcomes:  # in the order of the configuration
        print(f"{outcome.server}: {outcome.status}")
        if outcome.value is not None:
            print(outcome.value.stdout.rstrip())
        if outcome.hint:
            print(f"-> {outcome.hint}")
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
