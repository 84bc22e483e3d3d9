"""A file that is to be no more, whatever is in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from dcov.change import Action, Change
from dcov.converge.resource import Step
from dcov.ssh.command import Argv, Finished


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentPath:
    """No file or link at this path; its content, which may be a secret, is shown nowhere."""

    path: PurePosixPath

    def probe(self) -> Argv:
        return ("stat", "-c", "%F", "--", str(self.path))

    def plan(self, found: Finished) -> Change:
        name = f"file:{self.path}"
        if found.exit_code:
            return Change(resource=name, action=Action.NOOP)
        return Change(resource=name, action=Action.DELETE, diff=(f"-{found.stdout.strip()}",))

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        return (("remove", str(self.path)),)
