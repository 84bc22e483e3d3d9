"""Tasks in an order, each over its part of the fleet: one run."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from dcov.errors import UnknownNameError
from dcov.runnable import On, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One task of a workflow.

    `on` is the role that it runs on, the task's own where it is missing; servers that the caller
    chose narrow it further. `needs` names steps without which this one makes no sense: a server
    that failed one of them is left out, and all are where the master failed it. `after` names
    those that it takes for done on the same server: one that failed it is left out, and no other.
    """

    task: Task[..., Any]
    on: On | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The task's name."""
        return self.task.name

    @property
    def role(self) -> On:
        """Whom it is for."""
        return self.on or self.task.on

    def among(self, names: Container[str]) -> Step:
        """Return it as it is where only these steps are: of the others it needs none."""
        needs = tuple(need for need in self.needs if need in names)
        after = tuple(need for need in self.after if need in names)
        return replace(self, needs=needs, after=after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """Steps, one after the other, with a barrier between them.

    A server that fails a step does not stop the others, unless the error says that it ends the run.
    One that could not be reached is not tried again by later steps.
    """

    name: str
    summary: str
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        known: set[str] = set()
        for step in self.steps:
            for need in (*step.needs, *step.after):
                if need not in known:
                    raise ValueError(f"{step.name} needs {need!r}, which is no step before it")
            known.add(step.name)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the steps, in order."""
        return tuple(step.name for step in self.steps)

    def starting_at(self, name: str) -> Workflow:
        """Return the workflow from this step on; raises UnknownNameError."""
        return self._of(self.steps[self._index(name) :])

    def only(self, *names: str) -> Workflow:
        """Return the workflow with these steps alone, in its own order; raises UnknownNameError."""
        chosen = {self._index(name) for name in names}
        return self._of(tuple(step for n, step in enumerate(self.steps) if n in chosen))

    def without(self, *names: str) -> Workflow:
        """Return the workflow less these steps; raises UnknownNameError."""
        left_out = {self._index(name) for name in names}
        return self._of(tuple(step for n, step in enumerate(self.steps) if n not in left_out))

    def _of(self, steps: tuple[Step, ...]) -> Workflow:
        names = {step.name for step in steps}
        return replace(self, steps=tuple(step.among(names) for step in steps))

    def _index(self, name: str) -> int:
        if name not in self.names:
            near = tuple(get_close_matches(name, self.names, n=3, cutoff=0.4))
            known = f"{self.name} has {', '.join(self.names)}"
            raise UnknownNameError(kind="step", name=name, nearest=near, known=known)
        return self.names.index(name)
