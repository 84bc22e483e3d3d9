"""Run a program of this machine."""

import logging
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

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
    input: str | None = None,  # noqa: A002 - subprocess calls it so
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


def detach(
    argv: Sequence[str],
    *,
    words: Path,
    keep: Sequence[int] = (),
    env: Mapping[str, str] | None = None,
) -> int:
    """Start a program that outlives this process, and return its process id.

    Both its streams are added to the file `words`; it inherits the descriptors in `keep`.
    Popen would warn at its end that the program still runs, and pytest makes that an error.
    """
    for descriptor in keep:
        os.set_inheritable(descriptor, True)
    with words.open("ab") as sink, Path(os.devnull).open("rb") as nothing:
        streams = [(os.POSIX_SPAWN_DUP2, nothing.fileno(), 0)]
        streams += [(os.POSIX_SPAWN_DUP2, sink.fileno(), stream) for stream in (1, 2)]
        settings = os.environ if env is None else env
        return os.posix_spawnp(argv[0], list(argv), settings, file_actions=streams, setsid=True)
