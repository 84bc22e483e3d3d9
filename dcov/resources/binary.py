"""An executable that the controller holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dcov.change import Action, Change, compare
from dcov.converge.resource import Content, Step
from dcov.errors import PathTakenError
from dcov.resources.file import REGULAR
from dcov.ssh.command import Argv, Finished
from dcov.ssh.scripts import remote


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """An executable with this SHA-256, uploaded from `source` only where it differs."""

    path: PurePosixPath
    source: Path
    sha256: str
    mode: int = 0o755

    def probe(self) -> Argv:
        return ("sh", "-c", remote("digest.sh", "probe-file.sh"), "sh", str(self.path), "digest")

    def plan(self, found: Finished) -> Change:
        name = f"binary:{self.path}"
        if found.exit_code:
            diff = (f"+sha256 {self.sha256}", f"+mode {self.mode:o}")
            return Change(resource=name, action=Action.CREATE, diff=diff)
        kind, owner, group, mode, sha256 = found.stdout.strip().split("|")
        if kind not in REGULAR:
            raise PathTakenError(path=str(self.path), kind=kind)
        return compare(
            name,
            had={"sha256": sha256, "owner": owner, "group": group, "mode": mode},
            want={
                "sha256": self.sha256,
                "owner": "root",
                "group": "root",
                "mode": f"{self.mode:o}",
            },
        )

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        new = Content(to=self.path, source=self.source, sha256=self.sha256)
        return (("place", new, str(self.path), "root", "root", f"{self.mode:o}"),)
