"""Run a program of this machine."""

import logging
import subprocess
from collections.abc import Mapping, Sequence

log = logging.getLogger("fleetlab")

Finished = subprocess.CompletedProcess[str]


class LabError(Exception):
    """The lab cannot do what was asked of it."""


class CommandError(LabError):
    """A program ended with another exit code than 0; its last words are in the message."""

    def __init__(self, finished: Finished) -> None:
        self.finished = finished
        words = (finished.stderr.strip() or finished.stdout.strip())[-2000:]
        super().__init__(f"{' '.join(finished.args)[:300]}: exit {finished.returncode}\n{words}")


def run(
    argv: Sequence[str],
    *,
    input: str | None = None,
    check: bool = True,
    within: float = 900,
    env: Mapping[str, str] | None = None,
) -> Finished:
    """Run to the end and keep both streams. Without `input`, stdin is empty."""
    finished = subprocess.run(
        list(argv),
        input=input if input is not None else "",
        capture_output=True,
        text=True,
        errors="replace",
        timeout=within,
        env=env,
        check=False,
    )
    if check and finished.returncode:
        raise CommandError(finished)
    return finished
