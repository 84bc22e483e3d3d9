"""The operator's own rule files: read beside the configuration, placed beside dcov's."""

from __future__ import annotations

from dataclasses import dataclass
from glob import glob
from pathlib import Path, PurePosixPath

from dcov.change import Action, Change
from dcov.config.source import Source
from dcov.errors import ConfigError
from dcov.home import expanded
from dcov.inventory.site import Site
from dcov.resources import Argv, Finished, Step

PREFIX = "own-"  # so that none takes the place of dcov's
LISTED = 'for file in "$1"/own-*; do [ ! -e "$file" ] || printf "%s\\n" "${file##*/}"; done'


def own_rules(site: Site) -> dict[str, str]:
    """Return the files that the site names, each by the name that it has on the master.

    Raises ConfigError for one that cannot be read, and where two would have one name.
    """
    found: dict[str, str] = {}
    for number, named in enumerate(site.settings.prometheus.rule_files):
        key = f"prometheus.rule_files[{number}]"
        for path in _files(site.folder / expanded(named)):
            name = f"{PREFIX}{path.name}"
            if name in found:
                message = f"two rule files are called {path.name}; rename one of them"
                raise ConfigError.about(message, file=site.path, key=key)
            try:
                found[name] = Source.read(path).text
            except ConfigError as error:
                raise ConfigError.about(error.why, file=site.path, key=key) from None
    return found


def _files(pattern: Path) -> list[Path]:
    """Return the files that match; what matches none is taken for the name of one."""
    # Path.glob() takes no absolute pattern.
    return [Path(path) for path in sorted(glob(str(pattern)))] or [pattern]  # noqa: PTH207


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerRules:
    """No rule file of the operator's in this folder but the `kept` ones.

    One that the site names no more would go on to record and to alert.
    """

    folder: PurePosixPath
    kept: tuple[str, ...]

    def probe(self) -> Argv:
        return ("sh", "-c", LISTED, "sh", str(self.folder))

    def plan(self, found: Finished) -> Change:
        former = [name for name in found.stdout.splitlines() if name not in self.kept]
        return Change(
            resource=f"rules:{self.folder}",
            action=Action.DELETE if former else Action.NOOP,
            diff=tuple(f"-{name}" for name in former),
        )

    def apply(self, change: Change) -> tuple[Step, ...]:
        return tuple(("remove", str(self.folder / line.removeprefix("-"))) for line in change.diff)
