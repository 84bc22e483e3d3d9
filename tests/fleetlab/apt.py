"""Packages of the distribution: for this machine, and as files.

No mirror's name is written here: the one that this machine uses is asked of apt.
"""

import os
import shutil
from pathlib import Path

from .command import LabError, log, run

ARCHIVE_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def ensure_tools(tools: dict[str, str]) -> None:
    """Have these programs on the path; each names the package that brings it."""
    missing = sorted({package for tool, package in tools.items() if shutil.which(tool) is None})
    if not missing:
        return
    if os.geteuid() != 0:
        raise LabError(f"not root, and this machine lacks {', '.join(missing)}")
    log.info("install %s on this machine", " ".join(missing))
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    apt_get = ("apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300")
    run((*apt_get, "update"), env=quiet)
    run((*apt_get, "install", "-y", "--no-install-recommends", *missing), env=quiet)


def mirror() -> str:
    """The Debian mirror in this machine's apt sources; FLEETLAB_DEBIAN_MIRROR goes before it."""
    chosen = os.environ.get("FLEETLAB_DEBIAN_MIRROR")
    if chosen:
        return chosen
    form = "$(RELEASE) $(COMPONENT) $(REPO_URI)"
    listed = run(("apt-get", "indextargets", "--format", form, "Created-By: Packages")).stdout
    for line in listed.splitlines():
        release, component, uri = line.split(" ", 2)
        # bookworm-updates and bookworm-security lie beside the archive, not in it
        if component == "main" and "-" not in release and uri.rstrip("/").endswith("/debian"):
            return uri.rstrip("/")
    raise LabError("no Debian archive in this machine's apt sources; set FLEETLAB_DEBIAN_MIRROR")


def download(package: str, *, suite: str, to: Path) -> Path:
    """Fetch a package of any suite as a file, signatures checked, past this machine's apt state."""
    state = to / f"apt-{suite}"
    (state / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    (state / "cache" / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    sources = state / "sources.list"
    sources.write_text(f"deb [signed-by={ARCHIVE_KEYS}] {mirror()} {suite} main\n")
    options = (
        f"Dir::Etc::SourceList={sources}",
        "Dir::Etc::SourceParts=-",
        f"Dir::State::Lists={state / 'lists'}",
        f"Dir::Cache={state / 'cache'}",
        "Acquire::Languages=none",
        "APT::Sandbox::User=root",
    )
    apt_get = ("apt-get", "-qq", *(word for option in options for word in ("-o", option)))
    run((*apt_get, "update"))
    planned = run((*apt_get, "--print-uris", "download", package)).stdout.split()
    run(("env", "-C", str(to), *apt_get, "download", package))
    shutil.rmtree(state)
    return to / planned[1]
