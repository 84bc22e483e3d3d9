"""Our routes in the proxy of the family."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from dcov.change import Action, Change, unified
from dcov.converge.resource import Content, Step
from dcov.ssh.command import Argv, Finished
from dcov.ssh.scripts import remote


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRoutes:
    """A file of routes in a folder that somebody else's nginx includes, and has read.

    Without content the file is absent. nginx itself checks all of its configuration with the file
    in place; where it refuses, the former state is back before it has read anything.
    """

    container: str
    path: PurePosixPath
    content: str

    def probe(self) -> Argv:
        return ("cat", "--", str(self.path))

    def plan(self, found: Finished) -> Change:
        name = f"routes:{self.container}:{self.path}"
        had = found.stdout if found.ok else ""
        if had == self.content:
            return Change(resource=name, action=Action.NOOP)
        action = Action.UPDATE if had else Action.CREATE
        diff = unified(str(self.path), old=had, new=self.content)
        return Change(resource=name, action=action if self.content else Action.DELETE, diff=diff)

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        script = ("sh", "-c", remote("family-reload.sh"), "sh", self.container)
        if not self.content:
            return (("settle", *script), ("remove", str(self.path)), script)
        new = Content(to=self.path, text=self.content)
        place: Step = ("place", new, str(self.path), "root", "root", "644")
        return (("settle", *script), place, script)
