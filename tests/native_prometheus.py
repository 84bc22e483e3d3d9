"""Debian's own prometheus and promtool: those on the path, or else out of the package."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

from filelock import FileLock

from fleetlab import apt, image
from fleetlab.command import run

SUITE = "bookworm"


@cache
def program(name: str) -> str:
    """Give `prometheus` or `promtool`; unpacked once, no service of this machine is touched."""
    found = shutil.which(name)
    if found:
        return found
    folder = image.cache() / f"prometheus-{SUITE}"
    with FileLock(f"{folder}.lock"):
        if not folder.is_dir():
            _unpack(folder)
    return str(folder / "usr" / "bin" / name)


def _unpack(folder: Path) -> None:
    work = folder.with_suffix(".new")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    package = apt.download("prometheus", suite=SUITE, to=work)
    run(("dpkg-deb", "--extract", str(package), str(work)))
    package.unlink()
    work.rename(folder)
