"""The users of a fake server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dcov.resources.user import AbsentUser
from dcov.ssh.command import Finished
from dcov.testing.fake.part import DONE, NOT_FOUND, said


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """Users with the groups that they are in besides their own."""

    users: dict[str, set[str]]

    @property
    def state(self) -> tuple[Any, ...]:
        """The collections that make up its state."""
        return (self.users,)

    def tell(self, words: tuple[str, ...]) -> Finished | None:
        """Answer what `User` and `AbsentUser` ask."""
        match words:
            case ("id", "-nG", "--", name):
                known = name in self.users
                return said(" ".join((name, *sorted(self.users[name])))) if known else NOT_FOUND
            case ("sh", "-c", _, "sh", name) if words == AbsentUser(name=name).probe():
                if name not in self.users:
                    return NOT_FOUND
                line = f"{name}:x:999:999::/nonexistent:/usr/sbin/nologin"
                return said(f"{line}\n{' '.join((name, *sorted(self.users[name])))}")
        return None

    def do(self, words: tuple[str, ...]) -> Finished | None:
        """Do a step of theirs."""
        match words:
            case ("useradd", *_, name):
                self.users[name] = set()
            case ("userdel", name):
                del self.users[name]
            case ("usermod", "-a", "-G", group, name):
                self.users[name].add(group)
            case _:
                return None
        return DONE
