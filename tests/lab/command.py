"""The `dcov` command as an operator runs it: a process of its own, at one site."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DCOV = (sys.executable, "-c", "import dcov.cli; dcov.cli.main()")

Finished = subprocess.CompletedProcess[str]


def dcov(config: Path, *words: str) -> Finished:
    """Run it to its end."""
    return subprocess.run(
        [*DCOV, *words],
        env=_environment(config),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def begun(config: Path, *words: str, said: Path, **env: str) -> subprocess.Popen[bytes]:
    """Start it; both its streams go to the file `said`."""
    with said.open("wb") as sink:
        return subprocess.Popen(
            [*DCOV, *words],
            env={**_environment(config), **env},
            stdout=sink,
            stderr=subprocess.STDOUT,
        )


def events(file: Path) -> Iterator[dict[str, Any]]:
    """Yield what `--events FILE` has so far; the last line of a killed run may be half of one."""
    if file.exists():
        for line in file.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                yield json.loads(line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`dcov` on the site of this file."""

    config: Path

    def __call__(self, *words: str) -> Finished:
        """Run it to its end."""
        return dcov(self.config, *words)

    @contextmanager
    def going(self, *words: str, out: Path, **env: str) -> Iterator[None]:
        """Have one run that goes on, its output in a file; Ctrl-C must end it, with 130."""
        with begun(self.config, *words, said=out, **env) as child:
            try:
                yield
            finally:
                child.send_signal(signal.SIGINT)
                try:
                    code = child.wait(30)
                except subprocess.TimeoutExpired:
                    child.kill()
                    raise
        assert code == 130, out.read_text()


def _environment(config: Path) -> dict[str, str]:
    # Who tests may have set this, and a user has not: what is printed must come by itself.
    own = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {**own, "DCOV_CONFIG": str(config)}
