"""`dcov facts`: what servers are."""

from __future__ import annotations

from typing import Any

import typer

from dcov.cli.form import Listing, show
from dcov.cli.options import How, Watching, spread
from dcov.report import Outcome, Report

KIB_PER_GIB = 1024**2

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("facts")
@spread
def facts(*, how: Watching) -> None:
    """Show what servers are: system, processors, memory, disk, GPUs and their driver."""
    from dcov.cli.outcome import finish
    from dcov.engine.asks import ask_facts

    finish(how, lambda fleet: fleet.run(ask_facts), display=show_facts)


def show_facts(report: Report, how: How) -> None:
    """Print one row for each server; those that did not answer say why."""
    show(
        Listing(
            kind="servers",
            rows=[_row(outcome) for outcome in report.outcomes],
            columns=("server", "status", "os", "arch", "cpus", "memory", "disk_free", "gpus"),
            more=("driver", "kernel", "libc", "systemd", "hostname"),
            key="server",
            document=report.to_dict(),
            items=[outcome.to_dict() for outcome in report.outcomes],
        ),
        how.form,
    )


def _row(outcome: Outcome) -> dict[str, Any]:
    from dcov.cli.outcome import reason

    row: dict[str, Any] = {"server": outcome.server, "status": outcome.status.value}
    facts = outcome.value
    if facts is None:
        return {**row, "os": reason(outcome)}
    return {
        **row,
        **{name: getattr(facts, name) for name in ("os", "arch", "cpus", "kernel", "libc")},
        "memory": _gib(facts.memory_kib),
        "disk_free": _gib(facts.disk_free_kib),
        "gpus": _counted([gpu.name for gpu in facts.gpus]) or ("yes" if facts.has_gpu else ""),
        "driver": ", ".join(sorted({gpu.driver for gpu in facts.gpus})),
        "systemd": facts.systemd,
        "hostname": facts.hostname,
    }


def _gib(kib: int) -> str:
    return f"{kib / KIB_PER_GIB:.0f} GiB"


def _counted(names: list[str]) -> str:
    return ", ".join(f"{names.count(name)}x {name}" for name in dict.fromkeys(names))
