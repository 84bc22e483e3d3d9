"""The command, run by lab tests as an operator runs it: in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

DCOV = (sys.executable, "-c", "import dcov.cli; dcov.cli.main()")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`dcov` on the site of this file."""

    config: Path

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run(
            self._argv(words), capture_output=True, text=True, check=False, timeout=300
        )

    @contextmanager
    def going(self, *words: str, out: Path, **env: str) -> Iterator[None]:
        """Have one run that goes on, its output in a file; Ctrl-C must end it, with 130."""
        # Who tests may have set this, and a user has not: what is printed must come by itself.
        buffered = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}
        with (
            out.open("w") as file,
            subprocess.Popen(
                self._argv(words), stdout=file, stderr=subprocess.STDOUT, env={**buffered, **env}
            ) as child,
        ):
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

    def _argv(self, words: tuple[str, ...]) -> list[str]:
        return [*DCOV, "-c", str(self.config), *words]
