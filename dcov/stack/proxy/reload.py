"""A proxy that has read its files as they are now."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from dcov.change import Action, Change
from dcov.converge.resource import Step
from dcov.ssh.command import Argv, Finished, Shell, quote
from dcov.ssh.scripts import remote


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyReloaded:
    """nginx in this container has read these files since they were last changed.

    nginx checks them first, and goes on as it was where it refuses them. When the transaction is
    taken back it reads the former ones again. A container that does not run will read them when
    it starts.
    """

    container: str
    files: tuple[PurePosixPath, ...]
    config: str = "/etc/nginx/dcov/nginx.conf"

    @property
    def reload(self) -> Argv:
        """The command that checks and reloads."""
        return self._script("reload")

    def _script(self, verb: str) -> tuple[str, ...]:
        text = remote("reload-proxy.sh")
        files = map(str, self.files)
        return ("sh", "-c", text, "sh", verb, self.container, self.config, *files)

    def probe(self) -> Argv:
        return self._script("ask")

    def plan(self, found: Finished) -> Change:
        stale = found.exit_code != 0
        return Change(
            resource=f"reload:{self.container}",
            action=Action.UPDATE if stale else Action.NOOP,
            diff=("+configuration and certificate read anew",) if stale else (),
            conditional=True,
        )

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        ask, reload = quote(self._script("ask")), quote(self._script("reload"))
        return (Shell(f"settle {reload}"), Shell(f"{ask} || {reload}"))
