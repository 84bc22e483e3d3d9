"""Both generations of compose: 1 is this distribution's own, 2 that of the next one, unpacked."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

from filelock import FileLock

from fleetlab import apt, image
from fleetlab.command import run

NEXT = "trixie"


@cache
def folder(generation: str) -> Path:
    """Return where its `docker-compose` lies, for the front of PATH."""
    if generation == "1":
        found = shutil.which("docker-compose")
        assert found, "scripts/setup installs it"
        return Path(found).parent
    made = image.cache() / f"compose-{NEXT}"
    with FileLock(f"{made}.lock"):
        if not made.is_dir():
            _unpack(made)
    return made / "usr" / "libexec" / "docker" / "cli-plugins"


def _unpack(made: Path) -> None:
    work = made.with_suffix(".new")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    package = apt.download("docker-compose", suite=NEXT, to=work)
    run(("dpkg-deb", "--extract", str(package), str(work)))
    package.unlink()
    work.rename(made)
