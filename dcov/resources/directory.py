"""A directory with this owner and mode."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from dcov.change import Action, Change, compare
from dcov.converge.resource import Step
from dcov.errors import PathTakenError
from dcov.ssh.command import Argv, Finished


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """A directory with this owner and mode; what is inside it is left alone."""

    path: PurePosixPath
    owner: str = "root"
    group: str = "root"
    mode: int = 0o755

    def probe(self) -> Argv:
        return ("stat", "-c", "%F|%U|%G|%a", "--", str(self.path))

    def plan(self, found: Finished) -> Change:
        name = f"directory:{self.path}"
        if found.exit_code:  # root's stat fails only where nothing is
            return Change(resource=name, action=Action.CREATE, diff=(f"+mode {self.mode:o}",))
        kind, owner, group, mode = found.stdout.strip().split("|")
        if kind != "directory":
            raise PathTakenError(path=str(self.path), kind=kind)
        return compare(
            name,
            had={"owner": owner, "group": group, "mode": mode},
            want={"owner": self.owner, "group": self.group, "mode": f"{self.mode:o}"},
        )

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        path, mode = str(self.path), f"{self.mode:o}"
        return (
            ("keep", path),
            ("install", "-d", "-o", self.owner, "-g", self.group, "-m", mode, path),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentDirectory:
    """No directory at this path; one with something in it is left, and that is said."""

    path: PurePosixPath

    def probe(self) -> Argv:
        return ("find", str(self.path), "-maxdepth", "1")

    def plan(self, found: Finished) -> Change:
        name = f"directory:{self.path}"
        inside = len(found.stdout.split("\n")) - 2
        if found.exit_code:
            return Change(resource=name, action=Action.NOOP)
        return Change(
            resource=name,
            action=Action.DELETE,
            reason="only if it is empty by then" if inside > 0 else "",
            diff=(f"-directory {self.path}",),
        )

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        return (("remove_if_empty", str(self.path)),)


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentTree:
    """No directory at this path, nor anything that was in it."""

    path: PurePosixPath

    def probe(self) -> Argv:
        return ("find", str(self.path))

    def plan(self, found: Finished) -> Change:
        name = f"directory:{self.path}"
        if found.exit_code:
            return Change(resource=name, action=Action.NOOP)
        diff = tuple(f"-{line}" for line in found.stdout.splitlines())
        return Change(resource=name, action=Action.DELETE, diff=diff)

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        return (("remove_tree", str(self.path)),)
