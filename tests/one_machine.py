"""This machine as a server: the very scripts of a run, with dcov's own folders led elsewhere."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dcov.change import Change
from dcov.converge.group import Answers, Planned, Transaction, probe_script, read_answers
from dcov.converge.resource import Resource
from dcov.secret import Masker

MARK = "0123456789abcdef"


@dataclass
class Machine:
    """Where resources of paths below `folder` can be applied without root's folders.

    Programs in its `bin` stand in for the machine's own of that name.
    """

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    said: str = ""
    runs: int = 0

    def _sh(self, script: str) -> bytes:
        for path in ("/var/lib/dcov", "/run/dcov", "/run/lock/dcov", "/run/systemd/system"):
            script = script.replace(path, f"{self.folder}/machine{path}")
        script = script.replace(" PATH=/usr", f" PATH={self.folder}/bin:/usr")
        (self.folder / "machine/run/lock").mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ("sh", "-s"),
            input=script.encode(),
            capture_output=True,
            check=False,
            env={**os.environ, **self.environment},
        )
        self.said += (done.stdout + done.stderr).decode(errors="replace")
        return done.stdout

    def probe(self, *resources: Resource) -> Answers:
        """Ask as a run does."""
        out = self._sh(probe_script(resources, mark=MARK))
        return read_answers(out, resources=resources, mark=MARK, masker=Masker())

    def plan(self, *resources: Resource) -> tuple[Change, ...]:
        """Return what would be done."""
        return self.probe(*resources).changes

    def ensure(self, *resources: Resource) -> tuple[Change, ...]:
        """Apply and keep it; fails with the server's words where it was taken back."""
        changes, said = self.try_to(*resources)
        assert " failed " not in said, said
        return changes

    def try_to(self, *resources: Resource) -> tuple[tuple[Change, ...], str]:
        """Apply, and keep it where it goes well; return the changes and what the script said."""
        answers = self.probe(*resources)
        if not answers.needed:
            return answers.changes, ""
        self.runs += 1
        transaction = Transaction(key=f"run.here.{self.runs}", holder="test", mark=MARK, limit=60)
        planned = [Planned.of(item) for item in answers.needed]
        assert not [content for plan in planned for content in plan.uploads()]
        said = self._sh(transaction.apply_script(answers, planned=planned, staged={})).decode()
        if " applied" in said:
            said += self._sh(transaction.end_script("commit", transaction.key)).decode()
            assert " committed" in said, said
        return answers.changes, said
