"""Which configuration is meant where none, or only a folder, is named."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dcov.errors import ConfigError
from dcov.home import expanded, home

FILE_NAME = "fleet-config.yaml"
VARIABLE = "DCOV_CONFIG"
SYSTEM = Path("/etc/dc-overview")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A configuration, and the rule by which it was found."""

    path: Path
    rule: str


def find_config(
    explicit: Path | str | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    start: Path | None = None,
) -> Found:
    """Find the configuration; the first rule that leads to a file decides.

    A path that is named, by `-c` or by DCOV_CONFIG, must exist: another site's servers are no
    substitute. A folder stands for the fleet-config.yaml in it, or for the Nornir inventory that
    it is.
    """
    environ = os.environ if environ is None else environ
    if explicit is not None:
        return Found(path=_named(Path(explicit), by="-c"), rule="-c")
    if environ.get(VARIABLE):
        return Found(path=_named(Path(environ[VARIABLE]), by=VARIABLE), rule=VARIABLE)
    looked: list[Path] = []
    for path, rule in _places(environ, start=start):
        if _is_file(path):
            return Found(path=path, rule=rule)
        looked.append(path)
    raise ConfigError.about(
        f"there is no {FILE_NAME}; looked for {', '.join(map(str, looked))}. "
        f"Name one with -c or {VARIABLE}"
    )


def _named(path: Path, *, by: str) -> Path:
    path = expanded(path)
    if os.path.isdir(path):  # noqa: PTH112
        for name, found in ((FILE_NAME, path / FILE_NAME), ("hosts.yaml", path)):
            if _is_file(path / name):
                return found
        raise ConfigError.about(
            f"{by} names {path}, and neither {FILE_NAME} nor hosts.yaml is there"
        )
    if not os.path.exists(path):  # noqa: PTH110
        raise ConfigError.about(f"{by} names {path}, and that does not exist")
    return path


def _is_file(path: Path) -> bool:
    """Whether it is a file that we may look at; Path.is_file() raises where a folder is closed."""
    return os.path.isfile(path)  # noqa: PTH113


def _places(environ: Mapping[str, str], *, start: Path | None) -> Iterator[tuple[Path, str]]:
    here = start.absolute() if start is not None else _here()
    yield here / FILE_NAME, "the current folder"
    for folder in here.parents:
        yield folder / FILE_NAME, "a folder above the current one"
    own = environ.get("XDG_CONFIG_HOME") or home() / ".config"
    yield Path(own) / "dcov" / FILE_NAME, "XDG_CONFIG_HOME"
    yield SYSTEM / FILE_NAME, str(SYSTEM)


def _here() -> Path:
    """Return the current folder; the root stands for one that has been deleted."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path("/")
