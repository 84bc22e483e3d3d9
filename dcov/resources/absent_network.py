"""A network of the container engine that is to be no more."""

from __future__ import annotations

import json
from dataclasses import dataclass

from dcov.change import Action, Change
from dcov.converge.resource import Step
from dcov.ssh.command import Argv, Finished
from dcov.ssh.scripts import remote


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentNetwork:
    """No network of this name, if it carries this label and nobody else's container is on it.

    Otherwise it is left, and the change's reason says why.
    """

    name: str
    label: str

    def probe(self) -> Argv:
        return ("sh", "-c", remote("probe-network.sh"), "sh", self.name)

    def plan(self, found: Finished) -> Change:
        name = f"network:{self.name}"
        if found.exit_code or not found.stdout:
            return Change(resource=name, action=Action.NOOP)
        first, *others = found.stdout.splitlines()
        labels = json.loads(first)["labels"] or {}
        if self.label not in labels:
            return Change(resource=name, action=Action.NOOP, reason="dcov did not make it")
        if others:
            why = f"kept: {', '.join(others)} is on it"
            return Change(resource=name, action=Action.NOOP, reason=why)
        return Change(resource=name, action=Action.DELETE, diff=(f"-network {first}",))

    def apply(self, change: Change) -> tuple[Step, ...]:
        has = json.loads(change.diff[0].removeprefix("-network "))
        again = ["docker", "network", "create", "--driver", has["driver"]]
        for key, value in (has["labels"] or {}).items():
            again += ["--label", f"{key}={value}"]
        for part in has["ipam"] or ():
            again += ["--subnet", part["Subnet"]] if part.get("Subnet") else []
            again += ["--gateway", part["Gateway"]] if part.get("Gateway") else []
        return (("undo", *again, self.name), ("docker", "network", "rm", self.name))
