"""A container that runs what its image's name stands for by now."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePosixPath

from dcov.change import Action, Change
from dcov.converge.resource import Step
from dcov.ssh.command import Argv, Finished
from dcov.ssh.scripts import remote

SHORT = 12  # characters of an image's id, as the engine's own lists have


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentImage:
    """The container of a compose service, made from the image that `image` leads to in the engine.

    A tag may have moved since. When it is taken back the tag leads to the former image again, and
    the container is made from that.
    """

    service: str
    image: str
    file: PurePosixPath

    def probe(self) -> Argv:
        return ("sh", "-c", remote("probe-image-of.sh"), "sh", self.service, self.image)

    def plan(self, found: Finished) -> Change:
        name = f"image-of:{self.service}"
        if found.exit_code:
            return Change(resource=name, action=Action.NOOP, reason="there is no such container")
        (image, had), was, now = (line.split("|", 1) for line in found.stdout.splitlines())
        if had == now[0]:
            return Change(resource=name, action=Action.NOOP)
        new = (now[0], _version(now[1])) if now[0] else ("not pulled yet", "")
        diff = (f"-{_words(image, had, _version(was[1]))}", f"+{_words(self.image, *new)}")
        return Change(resource=name, action=Action.UPDATE, diff=diff)

    def apply(self, change: Change) -> tuple[Step, ...]:
        former, identity = change.diff[0].removeprefix("-").split()[:2]
        up = ("sh", "-c", remote("compose.sh"), "sh", str(self.file), "up", self.service)
        moved = former == self.image
        return (
            *((("undo", "docker", "tag", identity, former),) if moved else ()),
            ("settle", *up),
            up,
        )


def _version(labels: str) -> str:
    return str((json.loads(labels) or {}).get("org.opencontainers.image.version", ""))


def _words(image: str, identity: str, version: str) -> str:
    """Return the image as one line: name, id, and the version by its own label."""
    short = identity.removeprefix("sha256:")[:SHORT] if ":" in identity else identity
    return " ".join(filter(None, (image, short, version)))
