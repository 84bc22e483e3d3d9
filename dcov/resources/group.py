"""A system group."""

from __future__ import annotations

from dataclasses import dataclass

from dcov.change import Action, Change
from dcov.converge.resource import Step
from dcov.ssh.command import Argv, Finished


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A system group of this name; one that is there is used as it is, whoever is in it."""

    name: str

    def probe(self) -> Argv:
        return ("getent", "group", "--", self.name)

    def plan(self, found: Finished) -> Change:
        name = f"group:{self.name}"
        if found.exit_code == 0:
            return Change(resource=name, action=Action.NOOP)
        return Change(resource=name, action=Action.CREATE, diff=(f"+system group {self.name}",))

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        return (("undo", "groupdel", self.name), ("groupadd", "--system", self.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentGroup:
    """No group of this name; one that is a user's first group cannot go before its user."""

    name: str

    def probe(self) -> Argv:
        return ("getent", "group", "--", self.name)

    def plan(self, found: Finished) -> Change:
        name = f"group:{self.name}"
        if found.exit_code:
            return Change(resource=name, action=Action.NOOP)
        return Change(resource=name, action=Action.DELETE, diff=(f"-{found.stdout.strip()}",))

    def apply(self, change: Change) -> tuple[Step, ...]:
        _, _, number, members = change.diff[0].removeprefix("-").split(":")
        came_back: tuple[Step, ...] = (("undo", "gpasswd", "-M", members, self.name),)
        return (
            *(came_back if members else ()),
            ("undo", "groupadd", "--system", "--gid", number, self.name),
            ("groupdel", self.name),
        )
