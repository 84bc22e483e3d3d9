"""The site's files on its master, replaced only where nobody else has changed them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from dcov.change import Action, Change
from dcov.converge.resource import Step
from dcov.errors import PathTakenError, StalePlanError
from dcov.resources.file import File
from dcov.ssh.command import Argv, Finished
from dcov.ssh.scripts import remote
from dcov.ssh.session import digest

KEPT = ".before-dcov"


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFile:
    """A file that others write as well; `seen` is the text that was found there, if any.

    Raises StalePlanError where it is neither that nor what is wanted: changed meanwhile.
    """

    path: PurePosixPath
    content: str
    seen: str = ""

    @property
    def file(self) -> File:
        """The file as it is to be."""
        return File(path=self.path, content=self.content, mode=0o600)

    def probe(self) -> Argv:
        return self.file.probe()

    def plan(self, found: Finished) -> Change:
        sha256 = found.stdout.partition("\n")[0].rpartition("|")[2]
        known = {digest(text.encode()) for text in (self.seen, self.content)}
        if found.exit_code == 0 and sha256 and sha256 not in known:
            raise StalePlanError(resource=f"file:{self.path}")
        return self.file.plan(found)

    def apply(self, change: Change) -> tuple[Step, ...]:
        return self.file.apply(change)


@dataclass(frozen=True, slots=True, kw_only=True)
class OldPath:
    """A link where the file used to lie; a file that still lies there is kept beside it."""

    path: PurePosixPath
    target: str

    def probe(self) -> Argv:
        return ("sh", "-c", remote("probe-link.sh"), "sh", str(self.path))

    def plan(self, found: Finished) -> Change:
        name = f"link:{self.path}"
        if found.exit_code:
            return Change(resource=name, action=Action.CREATE, diff=(f"+link to {self.target}",))
        kind, _, target = found.stdout.rstrip("\n").partition("|")
        if kind == "link" and target == self.target:
            return Change(resource=name, action=Action.NOOP)
        if kind == "link":
            lines = (f"-link to {target}", f"+link to {self.target}")
            return Change(resource=name, action=Action.UPDATE, diff=lines)
        if kind == "file":
            lines = (f"-a file, kept as {self.path}{KEPT}", f"+link to {self.target}")
            return Change(resource=name, action=Action.UPDATE, diff=lines)
        raise PathTakenError(path=str(self.path), kind=kind)

    def apply(self, change: Change) -> tuple[Step, ...]:
        path, kept = str(self.path), f"{self.path}{KEPT}"
        keep: tuple[Step, ...] = ()
        if change.diff[0].startswith("-a file"):
            keep = (("keep", kept), ("cp", "-aT", "--remove-destination", "--", path, kept))
        new = f"{self.path}.dcov-new"
        return (
            *keep,
            ("keep", path),
            ("undo", "rm", "-f", "--", new),
            ("ln", "-sfnT", "--", self.target, new),
            ("mv", "-fT", "--", new, path),
        )
