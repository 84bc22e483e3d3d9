"""What was on a server before an exporter came: remove brings back just that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from dcov.change import Action, Change
from dcov.context import Context
from dcov.converge.resource import Resource, Step
from dcov.resources.directory import AbsentDirectory, AbsentTree
from dcov.resources.file import AbsentFile, File, KeptFile
from dcov.resources.unit import AbsentUnit, FormerUnit
from dcov.resources.user import AbsentUser
from dcov.ssh.command import Argv, Finished
from dcov.ssh.scripts import remote

FOLDER = PurePosixPath("/var/lib/dcov/exporters")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The record of what was there before; written once, before anything is changed."""

    exporter: str
    unit: str
    user: str
    paths: tuple[PurePosixPath, ...]

    @property
    def folder(self) -> PurePosixPath:
        """Where the record and the kept files lie."""
        return FOLDER / self.exporter

    def probe(self) -> Argv:
        return ("cat", "--", str(self.folder / "manifest"))

    def plan(self, found: Finished) -> Change:
        name = f"manifest:{self.exporter}"
        if found.exit_code:
            diff = tuple(f"+path {path}" for path in self.paths)
            return Change(resource=name, action=Action.CREATE, diff=diff)
        return Change(resource=name, action=Action.NOOP)

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        folder, paths = str(self.folder), tuple(map(str, self.paths))
        return (
            ("undo", "sh", "-c", f"rm -rf {folder}; rmdir {FOLDER} 2>/dev/null || :"),
            ("sh", "-c", remote("record.sh"), "sh", folder, f"{self.unit}.service", self.user,
             *paths),
        )  # fmt: skip


def digests_file(digests: Mapping[PurePosixPath, str], *, exporter: str) -> File:
    """Return the list of what dcov placed: by it a removal tells what was changed since."""
    lines = (f"{sha256}  {path}\n" for path, sha256 in digests.items())
    return File(path=FOLDER / exporter / "digests", content="".join(lines), mode=0o600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """A manifest as it was read back from a server."""

    exporter: str
    unit: str
    was_enabled: bool
    was_active: bool
    made_user: str
    made: tuple[PurePosixPath, ...]
    kept: tuple[tuple[PurePosixPath, PurePosixPath], ...]  # the path, and where its old file is
    changed: tuple[str, ...] = ()  # paths with something else than what dcov placed there

    @classmethod
    def of(cls, ctx: Context, *, exporter: str) -> Before | None:
        """Read it from a server; None where dcov has not installed this exporter."""
        words = ("sh", "-c", remote("read-manifest.sh"), "sh", str(FOLDER / exporter))
        said = ctx.run(words, reads=True, check=False)
        return cls.read(said.stdout, exporter=exporter) if said.ok else None

    @classmethod
    def read(cls, text: str, *, exporter: str) -> Before:
        """Read what read-manifest.sh prints of this exporter."""
        folder = FOLDER / exporter / "before"
        user, unit, state = "", "", ""
        made: list[PurePosixPath] = []
        kept: list[tuple[PurePosixPath, PurePosixPath]] = []
        changed: list[str] = []
        for line in text.splitlines():
            kind, what, name = line.split(" ", 2)
            if kind == "user" and what == "made":
                user = name
            elif kind == "unit":
                unit, state = name.removesuffix(".service"), what
            elif kind == "changed":
                changed.append(name)
            elif kind == "path" and what == "made":
                made.append(PurePosixPath(name))
            elif kind == "path":
                kept.append((PurePosixPath(name), folder / what))
        return cls(
            exporter=exporter,
            unit=unit,
            was_enabled=state.startswith("enabled:"),
            was_active=state.endswith(":active"),
            made_user=user,
            made=tuple(made),
            kept=tuple(kept),
            changed=tuple(changed),
        )

    def resources(self) -> tuple[Resource, ...]:
        """Return what brings the server back to that, in the order of applying."""
        adopted = any(path.name == f"{self.unit}.service" for path, _ in self.kept)
        former = FormerUnit(name=self.unit, enabled=self.was_enabled, active=self.was_active)
        return (
            *(() if adopted else (AbsentUnit(name=self.unit),)),
            *(AbsentFile(path=path) for path in self.made),
            *(KeptFile(path=path, kept=old) for path, old in self.kept),
            *((former,) if adopted else ()),
            *((AbsentUser(name=self.made_user),) if self.made_user else ()),
            AbsentTree(path=FOLDER / self.exporter),
            AbsentDirectory(path=FOLDER),
        )
