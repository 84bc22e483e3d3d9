"""The images of the lab: one debootstrap, and layers on it.

A tag ends in a hash of everything that went into the image, so a changed recipe is built anew.
"""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import apt
from .command import log, run
from .engine import docker

RECIPES = Path(__file__).parent / "images"
STAND_INS = Path(__file__).parent / "stand_ins"
SUITE = "bookworm"
PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "openssh-server",
    "python3-minimal",
    "iproute2",
    "ca-certificates",
    "curl",
    "procps",
    "sudo",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A folder of images/ with a Dockerfile, built on another image."""

    name: str
    on: str | None
    program: str | None = None
    """A folder of stand_ins/ that is put into it."""

    @property
    def recipe(self) -> Path:
        """Where its Dockerfile is."""
        return RECIPES / self.name

    @property
    def context(self) -> Path:
        """The files that its Dockerfile copies."""
        return STAND_INS / self.program if self.program else self.recipe


LAYERS = {
    layer.name: layer
    for layer in (
        Layer(name="nat", on=None),
        Layer(name="worker", on=None),
        Layer(name="nested", on="worker"),
        Layer(name="tenant", on="nested"),
        Layer(name="master", on="nested"),
        Layer(name="services", on="master"),
        Layer(name="registry", on="services"),
        Layer(name="prometheus", on="services"),
        Layer(name="nginx", on="services"),
        Layer(name="pebble", on="services"),
        Layer(name="python", on="services"),
        Layer(name="grafana", on="python", program="grafana"),
        Layer(name="ipmi-monitor", on="python", program="ipmi_monitor"),
        Layer(name="vastai-exporter", on="python", program="marketplace"),
        Layer(name="runpod-exporter", on="python", program="marketplace"),
    )
}


def cache() -> Path:
    """Where images and artifacts stay between labs."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(home) / "dcov-lab"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def building() -> Iterator[None]:
    """One builder at a time on this machine; a second lab waits and then finds it built."""
    with (cache() / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def tag(name: str) -> str:
    """The full name of an image as its recipe is now."""
    layer = LAYERS[name]
    recipe = hashlib.sha256(_parent(layer).encode())
    for folder in sorted({layer.recipe, layer.context}):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                where = str(path.relative_to(folder.parent)).encode()
                recipe.update(where + b"\0" + path.read_bytes())
    return f"dcov-lab/{name}:{recipe.hexdigest()[:12]}"


def ensure(name: str) -> str:
    """Have this image in the engine, building what it stands on first; its tag."""
    layer, wanted = LAYERS[name], tag(name)
    if _present(wanted):
        return wanted
    if layer.on is None:
        _ensure_base()
    else:
        ensure(layer.on)
    started = time.monotonic()
    # the context is the folder as it is checked out; modes are set in the Dockerfile
    docker(
        "build",
        "-q",
        "--force-rm",
        "-t",
        wanted,
        "--build-arg",
        f"BASE={_parent(layer)}",
        "-f",
        str(layer.recipe / "Dockerfile"),
        str(layer.context),
    )
    log.info("image %s built in %.0f s", name, time.monotonic() - started)
    return wanted


def _parent(layer: Layer) -> str:
    return tag(layer.on) if layer.on else _base_tag()


def _base_tag() -> str:
    recipe = hashlib.sha256("\n".join((SUITE, *PACKAGES)).encode())
    return f"dcov-lab/base:{recipe.hexdigest()[:12]}"


def identity(image: str) -> str:
    """The engine's id of an image: the digest of its configuration."""
    return docker("image", "inspect", "--format", "{{.Id}}", image).stdout.strip()


def _present(image: str) -> bool:
    return docker("image", "inspect", image, check=False).returncode == 0


def _ensure_base() -> None:
    """Import the base system, from the cached archive where there is one."""
    wanted = _base_tag()
    if _present(wanted):
        return
    archive = cache() / f"base-{wanted.rpartition(':')[2]}.tar"
    if not archive.exists():
        _bootstrap(archive)
    docker("import", "--change", 'CMD ["/sbin/init"]', str(archive), wanted)


def _bootstrap(archive: Path) -> None:
    apt.ensure_tools({"debootstrap": "debootstrap"})
    log.info("bootstrap Debian %s (about a minute, once)", SUITE)
    started = time.monotonic()
    root = archive.with_suffix(".root")
    shutil.rmtree(root, ignore_errors=True)
    include = f"--include={','.join(PACKAGES)}"
    run(("debootstrap", "--variant=minbase", include, SUITE, str(root), apt.mirror()))
    shutil.rmtree(root / "var/cache/apt/archives")
    partial = archive.with_suffix(".partial")
    run(("tar", "--numeric-owner", "-C", str(root), "-cf", str(partial), "."))
    partial.rename(archive)
    shutil.rmtree(root)
    log.info("base system ready in %.0f s", time.monotonic() - started)
