"""Files and folders as a tar has them."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dcov.change import Action, Change
from dcov.converge.resource import Content, Step
from dcov.ssh.command import Argv, Finished
from dcov.ssh.scripts import remote

STAGING = PurePosixPath("/var/lib/dcov-files.tar")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """What the tar `source`, a file of the controller, holds, below `/`; what is beside it stays.

    Whether a file is so already is asked by its size, time, owner and mode. Nothing is done to the
    paths of `without`, nor to what is below them.
    """

    source: Path
    sha256: str
    without: tuple[PurePosixPath, ...] = ()

    def probe(self) -> Argv:
        paths = [f"/{item.name}" for item in self._members()]
        return ("sh", "-c", remote("probe-unpacked.sh"), "sh", *paths)

    def plan(self, found: Finished) -> Change:
        there = set(found.stdout.splitlines())
        diff = tuple(f"+/{item.name}" for item in self._members() if _line(item) not in there)
        action = Action.UPDATE if diff else Action.NOOP
        return Change(resource="files", action=action, diff=diff)

    def apply(self, change: Change) -> tuple[Step, ...]:
        paths = tuple(line.removeprefix("+") for line in change.diff)
        tar = Content(to=STAGING, source=self.source, sha256=self.sha256)
        names = [path.lstrip("/") for path in paths]
        return (
            *(("keep", path) for path in paths),
            ("tar", "--numeric-owner", "--no-recursion", "-C", "/", "-xpf", tar, "--", *names),
        )

    def _members(self) -> list[tarfile.TarInfo]:
        with tarfile.open(self.source) as tar:
            return [item for item in tar.getmembers() if not self._left_out(item)]

    def _left_out(self, item: tarfile.TarInfo) -> bool:
        path = PurePosixPath("/", item.name)
        return any(path.is_relative_to(other) for other in self.without)


def _line(item: tarfile.TarInfo) -> str:
    """Return what the probe prints for a path that is as the archive has it."""
    time = 0 if item.isdir() else int(item.mtime)
    size = len(item.linkname) if item.issym() else 0 if item.isdir() else item.size
    return f"{item.uid}:{item.gid}:{item.mode:o}:{size}:{time} /{item.name}"
