"""The site's truth on its master: looked at, compared with ours, and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dcov.config.search import FILE_NAME
from dcov.config.shared import local_keys
from dcov.context import Context
from dcov.deployed.copy import NAMES, Copy, Seen, Texts, revision_of
from dcov.deployed.shared_file import OldPath, SharedFile
from dcov.inventory.site import Site
from dcov.resources.directory import Directory
from dcov.runnable import task
from dcov.ssh.command import Shell, quote
from dcov.ssh.scripts import remote

FOLDER = "/etc/dc-overview"
INNER = "fleet"  # the one folder below it that the Server Manager may write


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the site's files on the master are to say, and what was found there."""

    texts: Texts
    found: Texts


def read_truth(ctx: Context, *, folder: str = FOLDER) -> Texts:
    """Return the site's files as the master has them; each empty where it has none."""
    found: dict[str, str] = {}
    for name in NAMES:
        data: list[bytes] = []
        ctx.run(
            ("sh", "-c", remote("read-site.sh"), "sh", folder, name), reads=True, sink=data.append
        )
        found[name] = b"".join(data).decode(errors="replace")
    return found


def has_copy(site: Site, *, folder: str = FOLDER) -> bool:
    """Whether this site was read from a copy of what its master has.

    A Nornir inventory, or a fleet made in Python, is none. Nor is the truth itself, when dcov runs
    on the master with it.
    """
    path = site.path
    if path is None or not path.is_file():
        return False
    places = (Path(folder) / FILE_NAME, Path(folder) / INNER / FILE_NAME)
    here = {place.resolve() for place in places}
    return not (site.master.login.local and path.resolve() in here)


def check_site(
    ctx: Context, *, seen: Mapping[str, Seen] | None = None, folder: str = FOLDER
) -> None:
    """Raise SiteMovedError where the master's site has changed since our copy was made of it.

    `seen` is what a glance at the master showed; without it the master is asked.
    """
    path = ctx.fleet.path
    if path is None or not has_copy(ctx.fleet, folder=folder):
        return
    copy = Copy.at(path)
    if seen is None:
        script = f"{remote('digest.sh', 'seen-site.sh')}seen_site {quote((folder,))}"
        seen = Seen.read(ctx.run(Shell(script), reads=True).stdout.splitlines())
    if copy.news(seen):
        copy.check(read_truth(ctx, folder=folder), server=ctx.name)


def is_claimed(site: Site, *, seen: Mapping[str, Seen], folder: str = FOLDER) -> bool:
    """Whether a glance at the master shows that there is nothing to claim."""
    path = site.path
    if path is None or not path.is_file():
        return True
    if has_copy(site, folder=folder):
        return Copy.at(path).stands(seen)
    return all(name in seen and seen[name].placed for name in NAMES)


@task(on="master")
def claim_site(ctx: Context, *, folder: str = FOLDER) -> str:
    """Write the site's configuration and host keys on the master, as this copy has them.

    Stops with the difference where somebody else has changed them there since. Passwords and the
    paths of keys stay here. Returns the revision that the master has then.

    Parameters:
        folder: Where the site lies on the master.
    """
    path = ctx.fleet.path
    if path is None or not path.is_file():
        ctx.note("the site has no fleet-config.yaml, so the master keeps none")
        return ""
    found = read_truth(ctx, folder=folder)
    if not has_copy(ctx.fleet, folder=folder):
        place_site(ctx, wanted=Wanted(texts=found, found=found), folder=folder)
        _warn(ctx, found)
        return revision_of(found)
    copy = Copy.at(path)
    copy.check(found, server=ctx.name)
    place_site(ctx, wanted=Wanted(texts=copy.shared, found=found), folder=folder)
    # Only now: the inner task has returned, so the master keeps what it wrote.
    if not ctx.planning:
        copy.agreed(copy.shared)
    return copy.revision


@task(on="master")
def place_site(ctx: Context, *, wanted: Wanted, folder: str = FOLDER) -> None:
    """Make the site's files on the master say this, with links where they used to lie."""
    home = PurePosixPath(folder)
    ctx.ensure(
        Directory(path=home),
        Directory(path=home / INNER, mode=0o700),
        *(
            SharedFile(
                path=home / INNER / name, content=wanted.texts[name], seen=wanted.found[name]
            )
            for name in NAMES
        ),
        *(OldPath(path=home / name, target=f"{INNER}/{name}") for name in NAMES),
    )


def _warn(ctx: Context, found: Texts) -> None:
    keys = local_keys(found[FILE_NAME], file=Path(FILE_NAME))
    if keys:
        ctx.note(
            f"{', '.join(keys)} stand in {FOLDER}/{FILE_NAME}, which the Server Manager reads; "
            "move them into .secrets.yaml beside it"
        )
