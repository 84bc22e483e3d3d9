"""Print which exporter of which server Prometheus sees up.

python examples/targets.py fleet-config.yaml
"""

import sys

from rich.console import Console
from rich.table import Table

from dcov import Fleet


def main(config: str) -> int:
    """Ask the master's Prometheus through a tunnel; 1 unless all targets are up."""
    fleet = Fleet.load(config)
    with fleet.prometheus as prometheus:
        seen = {(target.instance, target.job): target.health for target in prometheus.targets()}
    jobs = sorted({job for _, job in seen})
    table = Table(title="up in Prometheus", title_justify="left")
    for name in ("server", *jobs):
        table.add_column(name)
    marks = {"up": "[green]up", "down": "[red]down", "unknown": "not scraped yet", "": "-"}
    for instance in sorted({instance for instance, _ in seen}):
        table.add_row(instance, *(marks[seen.get((instance, job), "")] for job in jobs))
    Console().print(table)
    return 0 if set(seen.values()) == {"up"} else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
