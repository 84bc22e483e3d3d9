"""`python -m fleetlab up|status|down|reset`: the lab by hand."""

import argparse
import logging
import sys
from pathlib import Path

from . import neighbours, stock_prometheus, topology
from .command import LabError
from .lab import Lab


def main() -> int:
    """Parse, one call of the lab, print."""
    asked = parser().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        act(Lab(asked.name, state=asked.state), asked)
    except LabError as error:
        print(f"fleetlab: {error}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """The commands."""
    made = argparse.ArgumentParser(prog="fleetlab", description="The test lab of dcov.")
    made.add_argument("--name", default="demo", help="the lab's name (demo)")
    made.add_argument("--state", type=Path, help="its state folder")
    commands = made.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="have the servers up")
    up.add_argument("only", nargs="*", metavar="SERVER", help=", ".join(topology.NAMES))
    commands.add_parser("status", help="say what is up")
    reset = commands.add_parser("reset", help="make servers blank again")
    reset.add_argument("servers", nargs="+", metavar="SERVER", choices=topology.NAMES)
    commands.add_parser("prometheus", help="have Debian's Prometheus on the master")
    commands.add_parser("neighbours", help="have others' containers on the master")
    commands.add_parser("acme", help="have an ACME server, and the master's certbot use it")
    lend = commands.add_parser("lend", help="put the lab's secrets and host keys into a folder")
    lend.add_argument("to", type=Path, metavar="FOLDER")
    commands.add_parser("down", help="remove the lab; images stay cached")
    return made


def act(lab: Lab, asked: argparse.Namespace) -> None:
    """Do what was asked of the lab."""
    match asked.command:
        case "up":
            lab.up(only=asked.only or None)
            show(lab)
        case "status":
            show(lab)
        case "reset":
            for name in asked.servers:
                lab.server(name).reset()
        case "prometheus":
            stock_prometheus.ensure(lab.server("master"))
        case "neighbours":
            neighbours.ensure(lab.server("master"), registry=lab.registry)
        case "acme":
            lab.acme.ensure(master=lab.server("master"))
        case "lend":
            lab.lend(to=asked.to)
        case "down":
            lab.down()


def show(lab: Lab) -> None:
    """One line per server."""
    print(f"lab {lab.name}, state in {lab.state}")
    for status in lab.status():
        print(f"{status.name:8} {status.state:10} {status.login}")


if __name__ == "__main__":
    sys.exit(main())
