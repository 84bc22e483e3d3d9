"""A file whose content is nobody's business."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from dcov.change import Action, Change, compare
from dcov.converge.resource import Content, Step
from dcov.errors import PathTakenError
from dcov.resources.file import REGULAR
from dcov.secret import Secret
from dcov.ssh.command import Argv, Finished
from dcov.ssh.scripts import remote
from dcov.ssh.session import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretFile:
    """A file with this secret in it; no diff, plan, log or argv shows it.

    `owner` and `group` are names, or numbers where a container's user has no name on the server.
    """

    path: PurePosixPath
    content: Secret
    owner: str = "root"
    group: str = "root"
    mode: int = 0o600

    def probe(self) -> Argv:
        return ("sh", "-c", remote("digest.sh", "probe-file.sh"), "sh", str(self.path), "digest")

    def plan(self, found: Finished) -> Change:
        name = f"secret:{self.path}"
        if found.exit_code:
            return Change(resource=name, action=Action.CREATE, diff=("+(not shown)",))
        kind, owner, group, mode, sha256 = found.stdout.strip().split("|")
        if kind not in REGULAR:
            raise PathTakenError(path=str(self.path), kind=kind)
        attributes = compare(
            name,
            had={"owner": owner, "group": group, "mode": mode},
            want={"owner": self.owner, "group": self.group, "mode": f"{self.mode:o}"},
        )
        if sha256 == digest(self.content.reveal().encode()):
            return attributes
        diff = (*attributes.diff, "-(not shown)", "+(not shown)")
        return Change(resource=name, action=Action.UPDATE, diff=diff)

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        new = Content(to=self.path, text=self.content.reveal())
        return (("place", new, str(self.path), self.owner, self.group, f"{self.mode:o}"),)
