"""Running one contestant: a process under a watchdog, its wall clock, CPU and memory."""

from __future__ import annotations

import json
import os
import resource
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


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
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        began = time.monotonic()
        environment = {**os.environ, **(env or {})}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as users run it: compiled once
        process = subprocess.Popen(
            argv, stdout=out, stderr=err, env=environment, cwd=cwd, start_new_session=True
        )
        code, used = _wait(process, watchdog=watchdog)
        wall = time.monotonic() - began
        out.seek(0)
        err.seek(0)
        text, errors = out.read(), err.read()
    lines = [line for line in text.splitlines() if line.startswith("{")]
    said = json.loads(lines[-1]) if lines else {}
    wrong = {key: said.get(key) for key, value in expect.items() if said.get(key) != value}
    if code or wrong:
        raise SystemExit(f"{argv}: exit {code}, {wrong}\n{text[-1500:]}\n{errors[-2000:]}")
    return Run(
        wall=wall, cpu=used.ru_utime + used.ru_stime, memory=used.ru_maxrss / 1024, said=said
    )


def _wait(
    process: subprocess.Popen[bytes], *, watchdog: float
) -> tuple[int, resource.struct_rusage]:
    """Wait for the end; the usage is of the process and all children that it waited for."""
    until = time.monotonic() + watchdog
    while True:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, used
        if time.monotonic() > until:
            os.killpg(process.pid, signal.SIGKILL)
            raise SystemExit(f"watchdog: {process.args!r} took more than {watchdog} s")
        time.sleep(0.005)


def medians(runs: Sequence[Run]) -> Run:
    """Return the medians of each figure."""
    return Run(
        wall=statistics.median(item.wall for item in runs),
        cpu=statistics.median(item.cpu for item in runs),
        memory=statistics.median(item.memory for item in runs),
        said=runs[-1].said,
    )
