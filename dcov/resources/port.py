"""A port that nobody else holds."""

from __future__ import annotations

from dataclasses import dataclass

from dcov.change import Action, Change
from dcov.converge.resource import Step
from dcov.errors import PortBusyError
from dcov.ssh.command import Argv, Finished
from dcov.ssh.scripts import remote


@dataclass(frozen=True, slots=True, kw_only=True)
class FreePort:
    """A TCP port that is free, or held by this unit; anything else is refused, by name."""

    port: int
    unit: str

    def probe(self) -> Argv:
        script = remote("probe-port.sh")
        return ("sh", "-c", script, "sh", str(self.port), f"{self.unit}.service")

    def plan(self, found: Finished) -> Change:
        for line in found.stdout.splitlines()[1:]:
            pid, command, owner = line.split(" ", 2)
            if owner == "-":
                raise PortBusyError(port=self.port, owner=f"{command} (pid {pid})")
        return Change(resource=f"port:{self.port}", action=Action.NOOP)

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        return ()
