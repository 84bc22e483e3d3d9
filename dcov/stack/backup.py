"""Everything of a site that cannot be made again, brought from the master into one file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath

from dcov import __version__
from dcov.context import Context
from dcov.inventory.site import Site
from dcov.ssh.scripts import remote
from dcov.stack.archive import Contents, Writing, writing
from dcov.stack.component import COMPONENTS
from dcov.stack.ipmi_monitor import FOLDER as IPMI_MONITOR
from dcov.stack.ledger import FOLDER as LEDGER
from dcov.stack.paths import HOME
from dcov.stack.proxy.nginx import HOME as PROXY
from dcov.stack.survey import SITE, Survey

KIND = "backup"
FOLDERS = (HOME, PROXY, IPMI_MONITOR, LEDGER)
OWNED = {"cryptolabs-proxy": PROXY, "ipmi-monitor": IPMI_MONITOR}
FILES = "files.tar"
HOUR = 3600.0


def backup(ctx: Context, *, site: Site, to: Path) -> Contents:
    """Write the volumes and folders of the stack to a file of this machine, and list them.

    A container is stopped for as long as its data are copied on the master, one at a time; what is
    sent is that copy. Raises ArchiveError where the file cannot be written.
    """
    survey = Survey.of(ctx)
    survey.require_engine()
    running = {name: item.image for name, item in survey.containers.items() if item.ours}
    listing = ("docker", "volume", "ls", "--quiet", "--filter", f"label={SITE}")
    made = ctx.run(listing, reads=True).stdout.split()
    volumes = sorted({*made, *_adopted(ctx, site=site)})
    with writing(to) as archive:
        for volume in volumes:
            _volume(ctx, archive, volume=volume, site=site)
        # A neighbour's folder is the neighbour's to keep, and not ours to put back.
        theirs = {path for name, path in OWNED.items() if survey.foreign(name)}
        _folders(ctx, archive, among=[path for path in FOLDERS if path not in theirs])
        contents = Contents(
            site=site.name,
            made=datetime.now(tz=UTC).isoformat(timespec="seconds"),
            dcov=__version__,
            kind=KIND,
            images=running,
            parts=tuple(archive.parts),
        )
        archive.finish(contents)
    return contents


def _adopted(ctx: Context, *, site: Site) -> list[str]:
    """Return those volumes that were there before dcov, and are there now."""
    listed = ctx.run(("docker", "volume", "ls", "--quiet"), reads=True).stdout.split()
    return [name for name in site.settings.volumes.values() if name in listed]


def _volume(ctx: Context, archive: Writing, *, volume: str, site: Site) -> None:
    owners = (item.name for item in COMPONENTS if item.volume_of(site.settings) == volume)
    owner = next(owners, "")
    said = ctx.run(("docker", "volume", "inspect", "--format", "{{json .Labels}}", volume),
                   reads=True)  # fmt: skip
    snapshot = ("sh", "-c", remote("snapshot.sh"), "sh", volume, owner)
    copy = ctx.run(snapshot, within=HOUR).stdout.strip()
    try:
        archive.part(
            f"volumes/{volume}.tar",
            fill=partial(_stream, ctx, PurePosixPath(copy), "."),
            volume=volume,
            labels=json.loads(said.stdout) or {},
        )
    finally:
        ctx.run(("rm", "-rf", "--", copy), within=HOUR, check=False)


def _folders(ctx: Context, archive: Writing, *, among: Iterable[PurePosixPath]) -> None:
    names = [str(path).lstrip("/") for path in among]
    script = 'for path; do [ ! -e "/$path" ] || printf "%s\\n" "$path"; done'
    there = ctx.run(("sh", "-c", script, "sh", *names), reads=True).stdout.split()
    archive.part(FILES, fill=partial(_stream, ctx, PurePosixPath("/"), *there))


def _stream(ctx: Context, folder: PurePosixPath, *rest: object) -> None:
    """Send these paths of a folder as a tar; the last word is the function that takes it."""
    *paths, write = rest
    argv = ("tar", "--numeric-owner", "--sort=name", "-C", str(folder), "-cf", "-", "--")
    ctx.run((*argv, *map(str, paths)), reads=True, within=HOUR, sink=write)  # type: ignore[arg-type]
