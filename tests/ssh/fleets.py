"""Servers to converge: a private sshd on a machine that no other test shares."""

from __future__ import annotations

import ctypes
import os
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from dcov import Fleet
from dcov.engine.options import Options
from dcov.inventory.entry import Entry
from dcov.inventory.site import Site
from dcov.report import Outcome, Report
from dcov.ssh.links import Patience
from dcov.testing.sshd import LoopbackSshd

CLONE_NEWNS = 0x20000
OWN = ("/run/lock", "/run/dcov", "/var/lib/dcov")  # what dcov keeps on a server
TRACES = Path("/var/lib/dcov")
QUICK = Patience(connect=3.0, banner=1.5, login=5.0, attempts=3, first_pause=0.02)


@pytest.fixture(scope="session", autouse=True)
def own_machine(tmp_path_factory: pytest.TempPathFactory) -> bool:
    """Give this process mounts of its own: dcov's lock and journal, and users to make.

    All servers of a loopback fleet are this one machine, so a second test process (or a
    developer's own run) would hold its lock. Needs root; without it the tests still run, one
    process at a time. Returns whether /etc may be changed as well.
    """
    return _isolated(tmp_path_factory.getbasetemp())


# Several conftests have the fixture, and each has its own of it: a second time would leave the
# sshd of the first behind in other mounts.
@cache
def _isolated(folder: Path) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() or libc.unshare(CLONE_NEWNS):
        return False
    _mount("--make-rprivate", "/")
    for own in OWN:
        Path(own).mkdir(parents=True, exist_ok=True)
        _mount("-t", "tmpfs", "tmpfs", own)
    layer = folder / "own-etc"
    layer.mkdir()
    _mount("-t", "tmpfs", "tmpfs", str(layer))
    upper, work = layer / "upper", layer / "work"
    upper.mkdir()
    work.mkdir()
    _mount(
        "-t", "overlay", "overlay",
        "-o", f"lowerdir=/etc,upperdir={upper},workdir={work}", "/etc",
    )  # fmt: skip
    # What a developer's .bashrc does, bash does for every command that comes by SSH.
    subprocess.run(("usermod", "--shell", "/bin/sh", "root"), check=True, capture_output=True)
    return True


def _mount(*words: str) -> None:
    subprocess.run(("mount", *words), check=True)


@pytest.fixture(scope="session")
def sshd(own_machine: bool) -> Iterator[LoopbackSshd]:  # noqa: FBT001  # a fixture
    with LoopbackSshd() as server:
        server.folder.chmod(0o755)  # so that other users than root can log in by the key
        yield server


@pytest.fixture
def yard(
    sshd: LoopbackSshd,
    tmp_path: Path,
    state_home: Path,
    own_machine: bool,  # noqa: FBT001  # a fixture
) -> Iterator[Yard]:
    """Give servers to converge, and see to it that nothing of a run is left on the machine."""
    tmp_path.chmod(0o755)
    for path in TRACES.glob("*") if own_machine else ():
        shutil.rmtree(path)  # of another folder's tests, which keep what a stack keeps
    yard = Yard(sshd=sshd, folder=tmp_path)
    yield yard
    left = traces()
    for journal in (TRACES / "journal").glob("*"):
        shutil.rmtree(journal)
    assert left == [], "the test left unfinished transactions"


def traces() -> list[str]:
    """Name the transactions that were neither confirmed nor taken back."""
    return sorted(path.name for path in (TRACES / "journal").glob("*"))


@dataclass(frozen=True)
class Yard:
    """Servers on one sshd, each with a folder of its own."""

    sshd: LoopbackSshd
    folder: Path

    def fleet(self, *names: str, **options: Any) -> Fleet:
        """Make a fleet of healthy servers."""
        entries = [self.sshd.entry(name, n) for n, name in enumerate(names or ("gpu-01",), 1)]
        return self.fleet_of(*entries, **options)

    def fleet_of(self, *entries: Entry, **options: Any) -> Fleet:
        """Make a fleet of these entries, all of whose host keys are known."""
        for entry in entries:
            self.home(entry.name).mkdir(exist_ok=True)
        known = self.sshd.known_hosts([entry.name for entry in entries])
        shutil.copy(known, self.folder / "known_hosts")
        options.setdefault("patience", QUICK)
        return Fleet(site=Site.of(*entries, path=self.folder), options=Options(**options))

    def home(self, name: str = "gpu-01") -> Path:
        """Return the folder in which this server's files lie."""
        return self.folder / name

    def at(self, name: str, server: str = "gpu-01") -> PurePosixPath:
        """Return a path in a server's folder."""
        return PurePosixPath(self.home(server) / name)


def login(entry: Entry, **changes: Any) -> Entry:
    """Return the entry with another way to log in."""
    return replace(entry, login=replace(entry.login, **changes))


def tree(folder: Path) -> dict[str, tuple[object, ...]]:
    """Describe everything below a folder: kind, mode, owner and content."""
    return {str(path.relative_to(folder)): _described(path) for path in sorted(folder.rglob("*"))}


def _described(path: Path) -> tuple[object, ...]:
    found = path.lstat()
    who = (stat.filemode(found.st_mode), found.st_uid, found.st_gid)
    if path.is_symlink():
        return (*who, str(path.readlink()))
    return (*who, path.read_bytes() if path.is_file() else None)


def only(report: Report) -> Outcome:
    """Return the one outcome of a run on one server."""
    (outcome,) = report.outcomes
    return outcome


def eventually(holds: Callable[[], bool], *, within: float = 10.0) -> bool:
    """Wait until this holds."""
    until = time.monotonic() + within
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def running(text: str) -> list[int]:
    """List the processes whose command line has this text in it."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue  # ended meanwhile
        if text.encode() in words and int(path.parent.name) != os.getpid():
            found.append(int(path.parent.name))
    return found
