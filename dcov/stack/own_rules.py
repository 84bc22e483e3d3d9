"""The operator's own rule files: read beside the configuration, placed beside dcov's."""

from __future__ import annotations

from glob import glob
from pathlib import Path

from dcov.config.source import Source
from dcov.errors import ConfigError
from dcov.home import expanded
from dcov.inventory.site import Site

PREFIX = "own-"  # so that none takes the place of dcov's


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
