"""A package of the distribution."""

from __future__ import annotations

from dataclasses import dataclass

from dcov.change import Action, Change
from dcov.converge.resource import Step
from dcov.errors import CommandFailedError
from dcov.ssh.command import Argv, Finished, Shell, quote
from dcov.ssh.scripts import remote

APT = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y",
       "-o", "Dpkg::Options::=--force-confold", "-o", "DPkg::Lock::Timeout=120")  # fmt: skip
STATE = ("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Packages:
    """Packages from apt, in whatever version the server's sources offer, in one go.

    Recommended packages are not installed. Taking it back purges exactly those packages that
    came with these.
    """

    names: tuple[str, ...]

    def probe(self) -> Argv:
        form = "${Package} ${db:Status-Status}\n"
        return ("dpkg-query", "-W", "-f", form, "--", *self.names)

    def plan(self, found: Finished) -> Change:
        name = f"packages:{','.join(self.names)}"
        has = {line.split()[0] for line in found.stdout.splitlines() if line.endswith(" installed")}
        missing = [one for one in self.names if one not in has]
        if not missing:
            return Change(resource=name, action=Action.NOOP)
        diff = tuple(f"+package {one}" for one in missing)
        return Change(resource=name, action=Action.CREATE, diff=diff)

    def apply(self, change: Change) -> tuple[Step, ...]:
        return _install(tuple(line.removeprefix("+package ") for line in change.diff))


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package from apt; see `Packages`."""

    name: str

    def probe(self) -> Argv:
        return (*STATE, "--", self.name)

    def plan(self, found: Finished) -> Change:
        name = f"package:{self.name}"
        if found.exit_code == 0 and found.stdout.startswith("installed "):
            return Change(resource=name, action=Action.NOOP)
        return Change(resource=name, action=Action.CREATE, diff=(f"+package {self.name}",))

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        return _install((self.name,))


def _install(names: tuple[str, ...]) -> tuple[Step, ...]:
    install = quote((*APT, "--no-install-recommends", "install", *names))
    coming = f"{install} -s | awk '/^Inst / {{ print $2 }}'"
    return (
        # Lists that know it may be old: then its file is not found, and they are read anew.
        Shell(f"{install} -s >/dev/null 2>&1 || apt-get -q update || :"),
        Shell(f"undo {quote((*APT, 'purge'))} $({coming})"),
        Shell(f"{install} || {{ apt-get -q update; {install}; }}"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentPackage:
    """No package of this name, nor its configuration.

    apt removes with it whatever needs it. The plan shows each of those, and taking it back
    installs all of them again, in the versions that they had.
    """

    name: str

    def probe(self) -> Argv:
        return ("sh", "-c", remote("probe-package.sh"), "sh", self.name)

    def plan(self, found: Finished) -> Change:
        name = f"package:{self.name}"
        if found.exit_code:
            command = f"apt-get -s purge {self.name}"
            raise CommandFailedError(command=command, exit_code=found.exit_code, tail=found.tail)
        diff = tuple(f"-package {line}" for line in found.stdout.splitlines())
        action = Action.DELETE if diff else Action.NOOP
        return Change(resource=name, action=action, diff=diff)

    def apply(self, change: Change) -> tuple[Step, ...]:
        had = [line.removeprefix("-package ").split() for line in change.diff]
        again = (*APT, "--no-install-recommends", "install", *(f"{one}={ver}" for one, ver in had))
        return (("undo", *again), (*APT, "purge", *(one for one, _ in had)))
