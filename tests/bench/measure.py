"""Running one contestant: a process under a watchdog, its wall clock, CPU and memory."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START = Path(__file__).with_name("start.py")


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run: seconds of wall clock and of CPU (children included), peak memory in MiB."""

    wall: float
    cpu: float
    memory: float
    said: dict[str, Any]


def run(
    argv: Sequence[str],
    *,
    expect: dict[str, int],
    watchdog: float,
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
) -> Run:
    """Run one contestant and refuse a result that is not right."""
    with (
        tempfile.TemporaryFile("w+") as out,
        tempfile.TemporaryFile("w+") as err,
        tempfile.NamedTemporaryFile("r") as told,
    ):
        environment = {**os.environ, **(env or {})}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as users run it: compiled once
        process = subprocess.Popen(
            [sys.executable, "-IS", str(START), told.name, *argv],
            stdout=out, stderr=err, env=environment, cwd=cwd, start_new_session=True,
        )  # fmt: skip
        try:
            process.wait(watchdog)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise SystemExit(f"watchdog: {argv} took more than {watchdog} s") from None
        out.seek(0)
        err.seek(0)
        text, errors, took = out.read(), err.read(), json.loads(told.read() or "{}")
    lines = [line for line in text.splitlines() if line.startswith("{")]
    said = json.loads(lines[-1]) if lines else {}
    wrong = {key: said.get(key) for key, value in expect.items() if said.get(key) != value}
    if (code := took.pop("code", process.returncode)) or wrong:
        raise SystemExit(f"{argv}: exit {code}, {wrong}\n{text[-1500:]}\n{errors[-2000:]}")
    return Run(**took, said=said)


def medians(runs: Sequence[Run]) -> Run:
    """Return the medians of each figure."""
    return Run(
        wall=statistics.median(item.wall for item in runs),
        cpu=statistics.median(item.cpu for item in runs),
        memory=statistics.median(item.memory for item in runs),
        said=runs[-1].said,
    )
