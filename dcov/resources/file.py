"""A file with this content."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from dcov.change import Action, Change, compare, unified
from dcov.converge.resource import Content, Step
from dcov.errors import PathTakenError
from dcov.ssh.command import Argv, Finished
from dcov.ssh.scripts import remote
from dcov.ssh.session import digest

REGULAR = ("regular file", "regular empty file")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A text file with this content, owner and mode, replaced in one rename.

    `validate` is a checker that gets the path of the new content as its last word and must
    accept it before it is placed, as in `("promtool", "check", "config")`. `checker` is what
    reports call it, the words themselves where it is missing.
    """

    path: PurePosixPath
    content: str
    owner: str = "root"
    group: str = "root"
    mode: int = 0o644
    validate: tuple[str, ...] = ()
    checker: str = ""

    def probe(self) -> Argv:
        return ("sh", "-c", remote("digest.sh", "probe-file.sh"), "sh", str(self.path), "text")

    def plan(self, found: Finished) -> Change:
        name = f"file:{self.path}"
        if found.exit_code:
            diff = tuple(f"+{line}" for line in self.content.splitlines())
            return Change(resource=name, action=Action.CREATE, diff=diff)
        head, _, text = found.stdout.partition("\n")
        kind, owner, group, mode, sha256 = head.split("|")
        if kind not in REGULAR:
            raise PathTakenError(path=str(self.path), kind=kind)
        attributes = compare(
            name,
            had={"owner": owner, "group": group, "mode": mode},
            want={"owner": self.owner, "group": self.group, "mode": f"{self.mode:o}"},
        )
        if sha256 == digest(self.content.encode()):
            return attributes
        lines = unified(str(self.path), old=text, new=self.content)
        return Change(resource=name, action=Action.UPDATE, diff=attributes.diff + lines)

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        new = Content(to=self.path, text=self.content)
        name = self.checker or " ".join(self.validate)
        check: tuple[Step, ...] = (
            (("refuse_unless", name, *self.validate, new),) if self.validate else ()
        )
        place = ("place", new, str(self.path), self.owner, self.group, f"{self.mode:o}")
        return (*check, place)


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentFile:
    """No file or symbolic link at this path."""

    path: PurePosixPath

    def probe(self) -> Argv:
        return ("sh", "-c", remote("digest.sh", "probe-file.sh"), "sh", str(self.path), "text")

    def plan(self, found: Finished) -> Change:
        name = f"file:{self.path}"
        if found.exit_code:
            return Change(resource=name, action=Action.NOOP)
        head, _, text = found.stdout.partition("\n")
        kind = head.split("|")[0]
        if kind == "directory":
            raise PathTakenError(path=str(self.path), kind=kind)
        diff = tuple(f"-{line}" for line in text.splitlines())
        return Change(resource=name, action=Action.DELETE, diff=diff)

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        return (("remove", str(self.path)),)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """A file as it once was: `kept` is the copy of it on the server, with owner and mode."""

    path: PurePosixPath
    kept: PurePosixPath

    def probe(self) -> Argv:
        return ("sh", "-c", remote("probe-kept.sh"), "sh", str(self.path), str(self.kept))

    def plan(self, found: Finished) -> Change:
        name = f"file:{self.path}"
        if found.exit_code == 0:
            return Change(resource=name, action=Action.NOOP)
        return Change(resource=name, action=Action.UPDATE, diff=(f"+as it was in {self.kept}",))

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        return (("keep", str(self.path)), ("cp", "-aT", "--remove-destination", "--",
                                           str(self.kept), str(self.path)))  # fmt: skip
