"""A package of the distribution."""

from __future__ import annotations

from dataclasses import dataclass

from dcov.change import Action, Change
from dcov.converge.resource import Step
from dcov.ssh.command import Argv, Finished, Shell, quote

APT = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y",
       "-o", "Dpkg::Options::=--force-confold", "-o", "DPkg::Lock::Timeout=120")  # fmt: skip
STATE = ("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package from apt, in whatever version the server's sources offer.

    Recommended packages are not installed. Taking it back purges exactly those packages that
    came with it.
    """

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
        install = (*APT, "--no-install-recommends", "install", self.name)
        coming = Shell(f"{quote((*install, '-s'))} | awk '/^Inst / {{ print $2 }}'")
        return (
            Shell("apt-get -q update || :"),  # a mirror that is down may not matter
            Shell(f"undo {quote((*APT, 'purge'))} $({coming})"),
            install,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentPackage:
    """No package of this name, nor its configuration."""

    name: str

    def probe(self) -> Argv:
        return (*STATE, "--", self.name)

    def plan(self, found: Finished) -> Change:
        name = f"package:{self.name}"
        if found.exit_code or found.stdout.startswith("not-installed"):
            return Change(resource=name, action=Action.NOOP)
        diff = (f"-package {self.name} {found.stdout.split()[-1]}",)
        return Change(resource=name, action=Action.DELETE, diff=diff)

    def apply(self, change: Change) -> tuple[Step, ...]:
        version = change.diff[0].split()[-1]
        again = (*APT, "--no-install-recommends", "install", f"{self.name}={version}")
        return (("undo", *again), (*APT, "purge", self.name))
