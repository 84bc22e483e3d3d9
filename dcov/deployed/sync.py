"""Bringing a controller's copy of a site and the master's together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from dcov.config.host_lines import merge_hosts
from dcov.config.load import load_source
from dcov.config.replace import editing, put, replace
from dcov.config.search import FILE_NAME
from dcov.config.source import Source
from dcov.config.take_over import take_over
from dcov.context import Context
from dcov.deployed.claim import FOLDER, claim_site, has_copy, read_truth
from dcov.deployed.copy import HOSTS, NAMES, Copy, Texts, revision_of
from dcov.errors import ConfigError, Problem
from dcov.fleet import Fleet
from dcov.runnable import task
from dcov.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What a pull did: the files that changed here, and the master's revision."""

    changed: tuple[Path, ...]
    revision: str


@task(on="master")
def look_at_site(ctx: Context, *, folder: str = FOLDER) -> dict[str, Secret]:
    """Return the site's files as the master has them; no record shows them."""
    return {name: Secret(text) for name, text in read_truth(ctx, folder=folder).items()}


def compare(fleet: Fleet, *, folder: str = FOLDER) -> tuple[Copy, Texts]:
    """Return our copy of the site, and the texts that its master has.

    Raises ConfigError where there is no copy: a Nornir inventory, or the truth itself.
    """
    path = _file(fleet, folder=folder)
    found = fleet.master.run(look_at_site, folder=folder).value
    theirs = {name: found[name].reveal() for name in NAMES}
    return Copy.at(path), MappingProxyType(theirs)


def pull(fleet: Fleet, *, keep_ours: bool | None = None, folder: str = FOLDER) -> Pulled:
    """Take over into our copy what the master's site says since they were last alike.

    What both sides changed differently is a ConfigError that names both lines, and nothing is
    written, unless `keep_ours` says whose is to be kept.
    """
    with editing(_file(fleet, folder=folder)):
        copy, theirs = compare(fleet, folder=folder)
        if not theirs[FILE_NAME]:
            raise ConfigError.about(
                f"{fleet.master.name} has no site yet; `dcov config push`", file=copy.path
            )
        merged = _merged(copy, theirs, keep_ours=keep_ours)
        changed = tuple(name for name in NAMES if merged[name] != copy.own[name])
        source = Source.read(copy.path)
        load_source(
            Source(file=copy.path, text=merged[FILE_NAME], owner=source.owner, mode=source.mode)
        )
        if HOSTS in changed:
            put((copy.path.absolute().parent / HOSTS).resolve(), text=merged[HOSTS])
        if FILE_NAME in changed:
            replace(source, text=merged[FILE_NAME])
        copy.agreed(theirs)
    files = {FILE_NAME: copy.path, HOSTS: copy.path.parent / HOSTS}
    return Pulled(changed=tuple(files[name] for name in changed), revision=revision_of(theirs))


def push(fleet: Fleet, *, folder: str = FOLDER) -> str:
    """Write our copy of the site on its master, and return the revision that it has then.

    Raises SiteMovedError where the master's has changed since.
    """
    copy, theirs = compare(fleet, folder=folder)
    copy.check(theirs, server=fleet.master.name)
    return str(fleet.master.run(claim_site, folder=folder).value)


def _merged(copy: Copy, theirs: Texts, *, keep_ours: bool | None) -> dict[str, str]:
    """Merge both files; a ConfigError has the problems of both."""
    base = copy.base
    merges: dict[str, Callable[[], str]] = {
        FILE_NAME: lambda: take_over(
            copy.own[FILE_NAME],
            base=base[FILE_NAME] if base else None,
            theirs=theirs[FILE_NAME],
            file=copy.path,
            keep_ours=keep_ours,
        ),
        HOSTS: lambda: merge_hosts(
            copy.own[HOSTS],
            base=base[HOSTS] if base else None,
            theirs=theirs[HOSTS],
            file=copy.path.parent / HOSTS,
            keep_ours=keep_ours,
        ),
    }
    merged: dict[str, str] = {}
    problems: list[Problem] = []
    for name, merge in merges.items():
        try:
            merged[name] = merge()
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems=tuple(problems))
    return merged


def _file(fleet: Fleet, *, folder: str) -> Path:
    path = fleet.site.path
    if path is None or not path.is_file():
        raise ConfigError.about("only a fleet-config.yaml is kept on a master", file=path)
    if not has_copy(fleet.site, folder=folder):
        raise ConfigError.about(
            "is what the master itself has; there is nothing to compare it with", file=path
        )
    return path
