"""What every resource can say: what to ask, what the answer means, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol, runtime_checkable

from dcov.change import Change
from dcov.errors import ConvergeError
from dcov.ssh.command import Argv, Finished, Shell


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A word of a step that stands for a file to be staged beside `to`.

    Text travels in the apply script itself, `source` (a file of the controller) as an upload.
    """

    to: PurePosixPath
    text: str | None = None
    source: Path | None = None
    sha256: str = ""


Word = str | Content
Step = tuple[Word, ...] | Shell
"""One thing to do, as root. The first word is a program, or one of the verbs that the apply
script offers: `keep PATH`, `place CONTENT PATH OWNER GROUP MODE`, `remove PATH`,
`refuse_unless NAME CHECKER...`; and, said before what they belong to, `undo COMMAND...`
(followed in reverse when the transaction is taken back) and `settle COMMAND...` (after all of
these)."""


class Resource(Protocol):
    """The wanted state of one thing on a server. It does no I/O."""

    def probe(self) -> Argv:
        """Say what to ask; the command must only read, and an absent thing is an answer."""
        ...

    def plan(self, found: Finished) -> Change:
        """Say what the answer means; raises ConvergeError where it can never be made so."""
        ...

    def apply(self, change: Change) -> tuple[Step, ...]:
        """Say what to do, each step after the note of how it is taken back."""
        ...


@runtime_checkable
class Diagnosing(Protocol):
    """A resource that names the cause where one of its steps fails."""

    def diagnose(self, words: str) -> ConvergeError | None:
        """Return the error that a step's last words stand for; None where they say it all."""
        ...
