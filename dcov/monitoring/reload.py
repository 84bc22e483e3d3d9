"""A Prometheus that has read the configuration as it is now."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from dcov.change import Action, Change
from dcov.converge.resource import Step
from dcov.errors import ConvergeError, ReloadRefusedError
from dcov.ssh.command import Argv, Finished, Shell, quote
from dcov.ssh.scripts import remote


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """Prometheus at this URL has read its configuration since that was last changed.

    `rules` are folders whose files it reads with it. It runs as a systemd `unit` or in a
    `container`. When the transaction is taken back it reads the former files again: one that
    refuses new ones may have taken a part of them.
    """

    url: str
    config: PurePosixPath
    rules: tuple[PurePosixPath, ...] = ()
    unit: str = ""
    container: str = ""

    @property
    def reload(self) -> Argv:
        """The command that has it read its files, changed or not, and waits until it has."""
        return self._script("reload")

    def _script(self, verb: str) -> tuple[str, ...]:
        text = remote("reload-prometheus.sh")
        files = map(str, (self.config, *self.rules))
        return ("sh", "-c", text, "sh", self.url, self.unit, self.container, verb, *files)

    def probe(self) -> Argv:
        return self._script("ask")

    def plan(self, found: Finished) -> Change:
        stale = found.exit_code != 0
        return Change(
            resource=f"reload:{self.unit or self.container}",
            action=Action.UPDATE if stale else Action.NOOP,
            diff=("+configuration read anew",) if stale else (),
            conditional=True,
        )

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        ask, reload = quote(self._script("ask")), quote(self.reload)
        return (Shell(f"settle {reload}"), Shell(f"{ask} || {reload}"))

    def diagnose(self, words: str) -> ConvergeError:
        """Give Prometheus' own words."""
        return ReloadRefusedError(detail=words)
