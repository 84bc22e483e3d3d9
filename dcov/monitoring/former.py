"""Files that Prometheus would go on reading although nobody wants them any more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from dcov.change import Action, Change
from dcov.converge.resource import Step
from dcov.ssh.command import Argv, Finished

# $2 stays without quotes, for it is a pattern; a folder is none of these files.
LISTED = 'cd "$1" 2>/dev/null || exit 0; for file in $2; do [ ! -f "$file" ] || echo "$file"; done'


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerFiles:
    """No file in this folder that matches `pattern` but the `kept` ones.

    The pattern is of the shell, and says which files there are dcov's own.
    """

    folder: PurePosixPath
    pattern: str
    kept: tuple[str, ...]

    def probe(self) -> Argv:
        return ("sh", "-c", LISTED, "sh", str(self.folder), self.pattern)

    def plan(self, found: Finished) -> Change:
        former = [name for name in found.stdout.splitlines() if name not in self.kept]
        return Change(
            resource=f"former:{self.folder}",
            action=Action.DELETE if former else Action.NOOP,
            diff=tuple(f"-{name}" for name in former),
        )

    def apply(self, change: Change) -> tuple[Step, ...]:
        return tuple(("remove", str(self.folder / line.removeprefix("-"))) for line in change.diff)
