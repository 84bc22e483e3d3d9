"""Containers that run as a compose file says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from dcov.change import Action, Change
from dcov.converge.resource import Step
from dcov.errors import ContainerTakenError
from dcov.ssh.command import Argv, Finished
from dcov.ssh.scripts import remote

DIGEST = "io.dcov.digest"  # the label by which a container says what it was made from
# Which the engine tries again after ever longer pauses, and compose takes for running.
BROKEN = frozenset({"restarting", "dead"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Services of a compose file that run with the definition that stands there.

    `digests` are by service (which is also the container's name) what its label `io.dcov.digest`
    must say: a digest over everything for which it must be made anew. So is one that does not stay
    up. A container of the same name that belongs to another project is refused, never replaced.
    """

    project: str
    file: PurePosixPath
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(self.digests)

    def _compose(self, verb: str, *services: str) -> tuple[str, ...]:
        return ("sh", "-c", remote("compose.sh"), "sh", str(self.file), verb, *services)

    def probe(self) -> Argv:
        return ("sh", "-c", remote("probe-containers.sh"), "sh", *self._names)

    def plan(self, found: Finished) -> Change:
        name = f"services:{self.project}"
        lasting, _, volatile = found.stdout.partition("volatile:\n")
        made = _rows(lasting)
        states = _rows(volatile)
        diff: list[str] = []
        for service in self._names:
            project, digest = made.get(service, ("", ""))
            if service in made and project != self.project:
                owner = f"the compose project {project}" if project else "no compose project"
                raise ContainerTakenError(container=service, owner=owner)
            state = states.get(service, ("absent", ""))[0]
            if digest != self.digests[service]:
                diff += [f"-{service}: another definition"] if service in made else []
                diff += [f"+{service}"]
            elif state != "running":
                diff += [f"-{service}: {state}", f"+{service}: running"]
        if not diff:
            return Change(resource=name, action=Action.NOOP)
        action = Action.UPDATE if made else Action.CREATE
        return Change(resource=name, action=action, diff=tuple(diff))

    def apply(self, change: Change) -> tuple[Step, ...]:
        touched = tuple(dict.fromkeys(_service(line) for line in change.diff))
        had = {
            _service(line): line.partition(": ")[2] for line in change.diff if line.startswith("-")
        }
        broken = tuple(name for name, state in had.items() if state in BROKEN)
        new = tuple(name for name in touched if name not in had)
        old = tuple(name for name in touched if name in had)
        steps: list[Step] = []
        if new:
            steps.append(("undo", *self._compose("remove", *new)))
        if old:  # once the former file is back
            steps.append(("settle", *self._compose("up", *old)))
        if broken:
            steps.append(self._compose("remove", *broken))
        return (*steps, self._compose("up", *touched))


def _rows(text: str) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for line in text.splitlines():
        name, _, rest = line.removeprefix("/").partition("|")
        first, _, second = rest.partition("|")
        if rest:
            found[name] = (first, second)
    return found


def _service(line: str) -> str:
    return line[1:].partition(":")[0]


def compose_check() -> tuple[str, ...]:
    """Return the checker of a compose file: it gets the path of the new one as its last word."""
    return ("sh", "-c", f'set -- "$1" check\n{remote("compose.sh")}', "sh")
