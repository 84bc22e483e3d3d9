"""A network of the container engine that others may be on, too."""

from __future__ import annotations

import json
from dataclasses import dataclass

from dcov.change import Action, Change
from dcov.converge.resource import Step
from dcov.errors import ForeignNetworkError
from dcov.ssh.command import Argv, Finished


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedNetwork:
    """A local bridge of this name; one that exists is joined as it is, whatever its addresses.

    It is never removed nor changed once it is there: neighbours live on it.
    """

    name: str
    subnet: str
    gateway: str
    label: str

    def probe(self) -> Argv:
        return ("docker", "network", "inspect", "--format",
                '{"driver":{{json .Driver}},"scope":{{json .Scope}}}', self.name)  # fmt: skip

    def plan(self, found: Finished) -> Change:
        name = f"network:{self.name}"
        if found.exit_code:
            return Change(resource=name, action=Action.CREATE, diff=(f"+bridge {self.subnet}",))
        has = json.loads(found.stdout)
        if (has["driver"], has["scope"]) != ("bridge", "local"):
            raise ForeignNetworkError(network=self.name, driver=has["driver"], scope=has["scope"])
        return Change(resource=name, action=Action.NOOP)

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        create = ("docker", "network", "create", "--driver", "bridge", "--subnet", self.subnet,
                  "--gateway", self.gateway, "--label", self.label, self.name)  # fmt: skip
        return (("undo", "docker", "network", "rm", self.name), create)
