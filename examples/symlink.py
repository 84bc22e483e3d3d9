"""A resource of your own: a symbolic link."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from dcov.errors import PathTakenError
from dcov.resources import Action, Argv, Change, Finished, Step, compare


@dataclass(frozen=True, slots=True, kw_only=True)
class Symlink:
    """A symbolic link at `path` to this target; it replaces a link, and nothing else."""

    path: PurePosixPath
    target: str

    def probe(self) -> Argv:
        return ("find", str(self.path), "-maxdepth", "0", "-printf", "%y|%l")

    def plan(self, found: Finished) -> Change:
        name = f"symlink:{self.path}"
        if found.exit_code:  # nothing is there
            return Change(resource=name, action=Action.CREATE, diff=(f"+target {self.target}",))
        kind, _, target = found.stdout.partition("|")
        if kind != "l":
            raise PathTakenError(path=str(self.path), kind={"d": "directory"}.get(kind, "file"))
        return compare(name, had={"target": target}, want={"target": self.target})

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change  # whether it is new or another one: the same steps
        path = str(self.path)
        return (
            ("keep", path),  # noted first: how it is taken back
            ("ln", "-sfnT", "--", self.target, path),
        )
