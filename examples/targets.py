"""Print which exporter of which server Prometheus sees up.

python examples/targets.py fleet-config.yaml
"""

import sys

from rich.console import Console
from rich.table import Table

from dcov import Fleet


def main(config: str) -> int:
    """Ask the master's Prometheus through a tunnel; 1 when a target is down."""
    fleet = Fleet.load(config)
    with fleet.prometheus as prometheus:
        up = {
            (sample.labels["instance"], sample.labels["job"]): sample.value == 1
            for sample in prometheus.query("up")
        }
    jobs = sorted({job for _, job in up})
    table = Table(title="up in Prometheus", title_justify="left")
    for name in ("server", *jobs):
        table.add_column(name)
    for instance in sorted({instance for instance, _ in up}):
        marks = {True: "[green]up", False: "[red]down", None: "-"}
        table.add_row(instance, *(marks[up.get((instance, job))] for job in jobs))
    Console().print(table)
    return 0 if all(up.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
