"""A command that runs unless its guard says that it is not needed."""

from __future__ import annotations

from dataclasses import dataclass

from dcov.change import Action, Change
from dcov.converge.resource import Step
from dcov.ssh.command import Argv, Finished, Shell, quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Run `argv` unless `unless` ends with 0; `undo` takes it back.

    For what no other resource says. What stands before it in the group may change the guard's
    answer, so a plan says `unknown` where something is pending there.
    """

    name: str
    argv: tuple[str, ...]
    unless: tuple[str, ...]
    undo: tuple[str, ...] = ()

    def probe(self) -> Argv:
        return ("sh", "-c", f"{quote(self.unless)} >/dev/null 2>&1")

    def plan(self, found: Finished) -> Change:
        return Change(
            resource=f"command:{self.name}",
            action=Action.UPDATE if found.exit_code else Action.NOOP,
            diff=(f"+run {quote(self.argv)}",) if found.exit_code else (),
            conditional=True,
        )

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        guard = f"{quote(self.unless)} >/dev/null 2>&1"
        note = f"undo {quote(self.undo)} && " if self.undo else ""
        return (Shell(f"{guard} || {{ {note}{quote(self.argv)}; }}"),)
