"""Whether containers are up, and well by their own health checks."""

from __future__ import annotations

from dataclasses import dataclass

from dcov.context import Context
from dcov.errors import ContainerFailedError, DcovError, EngineError
from dcov.ssh.command import Shell, quote
from dcov.ssh.scripts import remote

States = dict[str, tuple[str, str]]  # by name: state, and health where it has a check


@dataclass(frozen=True, slots=True, kw_only=True)
class Healthy:
    """Every one of these containers runs and says that it is healthy."""

    containers: tuple[str, ...]

    @property
    def name(self) -> str:
        """What is checked."""
        return f"not all of {', '.join(self.containers)} are healthy"

    def look(self, ctx: Context) -> str:
        """Ask the engine once."""
        states = self._states(ctx)
        if states is None:
            return "the container engine does not answer"
        bad = [
            f"{name} is {' '.join(filter(None, states.get(name, ('absent',))))}"
            for name in self.containers
            if states.get(name) not in {("running", "healthy"), ("running", "")}
        ]
        return ", ".join(bad)

    def diagnose(self, ctx: Context, *, seen: str) -> DcovError | None:
        """Give the last words of a container that does not stay up; without an engine none does."""
        states = self._states(ctx)
        if states is None:
            return EngineError(detail="it ended while its containers came up")
        for name, state in states.items():
            if state[0] in {"restarting", "exited", "dead"}:
                words = ctx.run(("docker", "logs", "--tail", "5", name), reads=True, check=False)
                tail = " | ".join((words.stdout + words.stderr).strip().splitlines()[-5:])
                return ContainerFailedError(container=name, state=state[0], tail=tail or seen)
        return None

    def _states(self, ctx: Context) -> States | None:
        """Return what the engine says of them; None where it does not answer."""
        script = Shell(f"set -- {quote(self.containers)}\n{remote('probe-containers.sh')}")
        said = ctx.run(script, reads=True, check=False)
        if not said.ok:
            return None
        rows = (line.split("|") for line in said.stdout.partition("volatile:\n")[2].splitlines())
        return {name.removeprefix("/"): (state, health) for name, state, health in rows}
