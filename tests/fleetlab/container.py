"""One container of the outer engine."""

import json
from dataclasses import dataclass
from typing import Any

from .command import Finished, LabError, run
from .engine import docker


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container by its name, which may or may not exist."""

    name: str

    def inspect(self) -> dict[str, Any] | None:
        """What the engine says of it, or None where there is none."""
        asked = docker("container", "inspect", self.name, check=False)
        if asked.returncode:
            return None
        found: dict[str, Any] = json.loads(asked.stdout)[0]
        return found

    def state(self) -> str:
        """`created`, `running`, `paused`, `exited`..., or `absent`."""
        found = self.inspect()
        return str(found["State"]["Status"]) if found else "absent"

    def exec(
        self,
        *argv: str,
        input: str | None = None,  # noqa: A002 - subprocess calls it so
        check: bool = True,
    ) -> Finished:
        """Run as root inside, without a terminal; needs neither sshd nor the network."""
        return docker("exec", "-i", self.name, *argv, input=input, check=check)

    def start(self) -> None:
        """Start it, or start it again."""
        docker("start", self.name)

    def remove(self) -> None:
        """Remove it and its anonymous volumes, running or not."""
        docker("rm", "--force", "--volumes", self.name, check=False)

    def in_network(self, *argv: str, check: bool = True) -> Finished:
        """Run a program of this machine in the container's network, with this machine's rights."""
        found = self.inspect()
        if not found or not found["State"]["Pid"]:
            raise LabError(f"{self.name} does not run")
        return run(("nsenter", f"--net=/proc/{found['State']['Pid']}/ns/net", *argv), check=check)
