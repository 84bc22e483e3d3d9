"""A volume of the container engine, with what a tar has for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dcov.change import Action, Change
from dcov.converge.resource import Content, Step
from dcov.errors import StillThereError
from dcov.ssh.command import Argv, Finished

STAGING = PurePosixPath("/var/lib")

UNPACK = (
    'tar --numeric-owner -xpf "$2" -C "$(docker volume inspect --format "{{.Mountpoint}}" "$1")"'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledVolume:
    """A volume with these labels that holds what the tar `source`, a file of the controller, has.

    One that is there already is refused: nothing is ever overwritten.
    """

    name: str
    labels: Mapping[str, str]
    source: Path
    sha256: str

    def probe(self) -> Argv:
        return ("docker", "volume", "inspect", "--format", "{{.Name}}", self.name)

    def plan(self, found: Finished) -> Change:
        if not found.exit_code:
            raise StillThereError(what=f"the volume {self.name}")
        diff = (f"+{self.source.stat().st_size} bytes",)
        return Change(resource=f"volume:{self.name}", action=Action.CREATE, diff=diff)

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        labels = [word for item in self.labels.items() for word in ("--label", "=".join(item))]
        tar = Content(to=STAGING / f"dcov-{self.name}.tar", source=self.source, sha256=self.sha256)
        return (
            ("undo", "docker", "volume", "rm", self.name),
            ("docker", "volume", "create", *labels, self.name),
            ("sh", "-c", UNPACK, "sh", self.name, tar),
        )
