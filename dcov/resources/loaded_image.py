"""A container image that comes from a file, where no registry is in reach."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dcov.change import Action, Change
from dcov.converge.resource import Content, Step
from dcov.ssh.command import Argv, Finished


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedImage:
    """The image with this id under this name, loaded from `source`, what `docker save` wrote.

    Taking it back leaves the image: it is a cache.
    """

    name: str
    id: str
    source: Path
    sha256: str

    def probe(self) -> Argv:
        return ("docker", "image", "inspect", "--format", "{{.Id}}", self.name)

    def plan(self, found: Finished) -> Change:
        name = f"image:{self.name}"
        had = "" if found.exit_code else found.stdout.strip()
        if had == self.id:
            return Change(resource=name, action=Action.NOOP)
        action = Action.UPDATE if had else Action.CREATE
        diff = (*((f"-{had}",) if had else ()), f"+{self.id}")
        return Change(resource=name, action=action, diff=diff)

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        place = PurePosixPath(f"/var/lib/dcov-{self.sha256[:16]}.tar")
        tar = Content(to=place, source=self.source, sha256=self.sha256)
        return (("docker", "load", "--quiet", "--input", tar),)
