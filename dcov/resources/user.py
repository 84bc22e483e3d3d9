"""A system user."""

from __future__ import annotations

from dataclasses import dataclass

from dcov.change import Action, Change
from dcov.converge.resource import Step
from dcov.ssh.command import Argv, Finished


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A system user with a group of its own name: no home, no login.

    A user of this name that is there already is used as it is; `groups` are added to it.
    """

    name: str
    groups: tuple[str, ...] = ()

    def probe(self) -> Argv:
        return ("id", "-nG", "--", self.name)

    def plan(self, found: Finished) -> Change:
        name = f"user:{self.name}"
        if found.exit_code:
            diff = (f"+system user {self.name}", *(f"+group {group}" for group in self.groups))
            return Change(resource=name, action=Action.CREATE, diff=diff)
        missing = [group for group in self.groups if group not in found.stdout.split()]
        action = Action.UPDATE if missing else Action.NOOP
        return Change(resource=name, action=action, diff=tuple(f"+group {g}" for g in missing))

    def apply(self, change: Change) -> tuple[Step, ...]:
        steps: list[Step] = []
        if change.action is Action.CREATE:
            steps += [
                ("undo", "userdel", self.name),
                ("useradd", "--system", "--user-group", "--no-create-home", "--home-dir",
                 "/nonexistent", "--shell", "/usr/sbin/nologin", self.name),
            ]  # fmt: skip
        for line in change.diff:
            if line.startswith("+group "):
                group = line.removeprefix("+group ")
                steps += [
                    ("undo", "gpasswd", "-d", self.name, group),
                    ("usermod", "-a", "-G", group, self.name),
                ]
        return tuple(steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentUser:
    """No user of this name, nor its group; taken back, it has its number and its groups again."""

    name: str

    def probe(self) -> Argv:
        return ("sh", "-c", 'getent passwd -- "$1" && id -nG -- "$1"', "sh", self.name)

    def plan(self, found: Finished) -> Change:
        name = f"user:{self.name}"
        if found.exit_code:
            return Change(resource=name, action=Action.NOOP)
        line, groups = found.stdout.splitlines()
        diff = (f"-{line}", *(f"-group {group}" for group in groups.split()[1:]))
        return Change(resource=name, action=Action.DELETE, diff=diff)

    def apply(self, change: Change) -> tuple[Step, ...]:
        line, *groups = (line.removeprefix("-") for line in change.diff)
        _, _, uid, gid, _, home, shell = line.split(":")
        joined = ",".join(group.removeprefix("group ") for group in groups)
        own_group = 'getent group "$1" >/dev/null || groupadd --system --gid "$1" -- "$2"'
        return (
            *((("undo", "usermod", "-a", "-G", joined, self.name),) if joined else ()),
            ("undo", "useradd", "--system", "--no-user-group", "--no-create-home", "--uid", uid,
             "--gid", gid, "--home-dir", home, "--shell", shell, self.name),
            ("undo", "sh", "-c", own_group, "sh", gid, self.name),  # first: it is read backwards
            ("userdel", self.name),
        )  # fmt: skip
