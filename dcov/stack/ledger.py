"""What was on the master before the stack came: `destroy` brings back just that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Self

from dcov.change import Action, Change
from dcov.converge.resource import Resource, Step
from dcov.resources import AbsentDirectory, AbsentFile, AbsentTree, Directory, File, SecretFile
from dcov.resources.absent_path import AbsentPath
from dcov.resources.file import KeptFile
from dcov.ssh.command import Argv, Finished
from dcov.ssh.scripts import remote
from dcov.stack.tls.own import OwnCertificate
from dcov.stack.tls.self_signed import SelfSigned

FOLDER = PurePosixPath("/var/lib/dcov/stack")
MANIFEST = FOLDER / "manifest"


def recorded(*resources: Resource) -> tuple[Resource, ...]:
    """Return these, after the record of what was at the paths that they write."""
    paths = dict.fromkeys(path for item in resources for path in _written(item))
    return (Ledger(paths=tuple(paths)), *resources)


def _written(resource: Resource) -> Iterator[str]:
    """Yield the paths that a resource writes; a folder's ends with a slash."""
    match resource:
        case Directory(path=path):
            yield f"{path}/"
        case File(path=path) | SecretFile(path=path) | AbsentFile(path=path):
            yield str(path)
        case SelfSigned(home=home, metrics=metrics):
            names = ("ssl/server.crt", "ssl/server.key", "ssl/ca.crt", "ca/ca.crt", "ca/ca.key")
            yield from (str(home / name) for name in names)
            yield str(metrics)
        case OwnCertificate(home=home, metrics=metrics):
            yield from (str(home / "ssl" / name) for name in ("server.crt", "server.key"))
            yield str(metrics)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The record of what was at these paths; each is written down once, before it is touched."""

    paths: tuple[str, ...]

    def probe(self) -> Argv:
        return ("cat", "--", str(MANIFEST))

    def plan(self, found: Finished) -> Change:
        known = {line.partition(" ")[2] for line in found.stdout.splitlines()}
        diff = tuple(f"+path {path}" for path in self.paths if path not in known)
        action = Action.CREATE if found.exit_code else Action.UPDATE
        return Change(resource="record:stack", action=action if diff else Action.NOOP, diff=diff)

    def apply(self, change: Change) -> tuple[Step, ...]:
        paths = (line.removeprefix("+path ") for line in change.diff)
        back: Step = ("keep", str(MANIFEST))
        if change.action is Action.CREATE:
            back = ("undo", "rm", "-rf", "--", str(FOLDER))
        return (back, ("sh", "-c", remote("ledger.sh"), "sh", str(FOLDER), *paths))


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """The record as it was read back: what dcov made, and what it replaced."""

    files: tuple[PurePosixPath, ...]
    folders: tuple[PurePosixPath, ...]
    kept: tuple[tuple[PurePosixPath, PurePosixPath], ...]  # the path, and where its old file is
    others: tuple[Directory, ...]  # folders that were there, as they were

    @classmethod
    def read(cls, text: str) -> Self:
        """Read the text of the manifest."""
        lines = [line.partition(" ")[::2] for line in text.splitlines()]
        made = [path for was, path in lines if was == "made"]
        return cls(
            files=tuple(PurePosixPath(path) for path in made if not path.endswith("/")),
            folders=tuple(PurePosixPath(path) for path in made if path.endswith("/")),
            kept=tuple(
                (PurePosixPath(path), FOLDER / "before" / was)
                for was, path in lines
                if was.isdigit()
            ),
            others=tuple(_folder(path, was=was) for was, path in lines if ":" in was),
        )

    def resources(self) -> tuple[Resource, ...]:
        """Return what brings the files back to that; a folder with others' files in it stays."""
        deepest_first = sorted(self.folders, key=lambda path: len(path.parts), reverse=True)
        return (
            *(AbsentPath(path=path) for path in self.files),
            *(KeptFile(path=path, kept=old) for path, old in self.kept),
            *(AbsentDirectory(path=path) for path in deepest_first),
            *self.others,
            AbsentTree(path=FOLDER),
        )


def _folder(path: str, *, was: str) -> Directory:
    owner, group, mode = was.split(":")
    return Directory(path=PurePosixPath(path), owner=owner, group=group, mode=int(mode, 8))
