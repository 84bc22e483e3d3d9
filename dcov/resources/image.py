"""A container image that the engine has."""

from __future__ import annotations

from dataclasses import dataclass

from dcov.change import Action, Change
from dcov.converge.resource import Step
from dcov.errors import ConvergeError, ImageError
from dcov.ssh.command import Argv, Finished


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image of this name and tag in the server's engine, pulled where it is missing.

    A tag that moved upstream is not pulled again. Taking it back leaves the image: it is a cache.
    """

    name: str

    def probe(self) -> Argv:
        return ("docker", "image", "inspect", "--format", "{{.Id}}", self.name)

    def plan(self, found: Finished) -> Change:
        name = f"image:{self.name}"
        if found.exit_code:
            return Change(resource=name, action=Action.CREATE, diff=(f"+pull {self.name}",))
        return Change(resource=name, action=Action.NOOP)

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        return (("docker", "pull", "--quiet", self.name),)

    def diagnose(self, words: str) -> ConvergeError:
        """Name the image: the registry's words may not."""
        return ImageError(image=self.name, detail=words)
