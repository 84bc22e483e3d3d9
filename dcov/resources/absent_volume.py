"""A volume of the container engine that is to be no more, with all that is in it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from dcov.change import Action, Change
from dcov.converge.resource import Step
from dcov.ssh.command import Argv, Finished
from dcov.ssh.scripts import remote


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentVolume:
    """No volume of this name, if it carries this label and nobody else's container uses it.

    It goes last, once nothing can be taken back any more.
    """

    name: str
    label: str

    def probe(self) -> Argv:
        return ("sh", "-c", remote("probe-volume.sh"), "sh", self.name)

    def plan(self, found: Finished) -> Change:
        name = f"volume:{self.name}"
        if found.exit_code or not found.stdout:
            return Change(resource=name, action=Action.NOOP)
        labels, *others = found.stdout.splitlines()
        if self.label not in (json.loads(labels) or {}):
            return Change(resource=name, action=Action.NOOP, reason="dcov did not make it")
        if others:
            why = f"kept: {', '.join(others)} uses it"
            return Change(resource=name, action=Action.NOOP, reason=why)
        diff = (f"-volume {self.name} and all that is in it",)
        return Change(resource=name, action=Action.DELETE, diff=diff)

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        return (("note", "finally", "docker", "volume", "rm", self.name),)
