"""Containers that dcov made, and that are to be no more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from dcov.change import Action, Change
from dcov.converge.resource import Step
from dcov.ssh.command import Argv, Finished
from dcov.ssh.scripts import remote


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentServices:
    """No container of this compose project that carries dcov's label; others of it stay.

    `names` are the only ones that are meant where it is given. What is removed is made again from
    `file` when the transaction is taken back, so this stands before whatever removes or replaces
    the file. Named volumes stay.
    """

    project: str
    file: PurePosixPath
    names: tuple[str, ...] | None = None

    def probe(self) -> Argv:
        return ("sh", "-c", remote("probe-site.sh"), "sh", self.project)

    def plan(self, found: Finished) -> Change:
        name = f"services:{self.project}"
        lasting, _, volatile = found.stdout.partition("volatile:\n")
        running = volatile.split()
        diff = tuple(
            f"-container {item}{'' if item in running else ' (it does not run)'}"
            for item in lasting.split()
            if self.names is None or item in self.names
        )
        action = Action.DELETE if diff else Action.NOOP
        return Change(resource=name, action=action, diff=diff)

    def apply(self, change: Change) -> tuple[Step, ...]:
        names = tuple(line.split()[1] for line in change.diff)
        running = tuple(line.split()[1] for line in change.diff if not line.endswith(")"))
        up = ("sh", "-c", remote("compose.sh"), "sh", str(self.file), "up", *running)
        return (
            *((("settle", *up),) if running else ()),
            ("docker", "stop", "--time", "20", *names),
            ("docker", "rm", "--volumes", *names),
        )
