"""Who runs `dcov`: somebody beside the fleet, or somebody who is logged in to the master."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcov.tasks import quickstart
from fleetlab import image
from fleetlab.command import Finished, run
from fleetlab.engine import docker
from fleetlab.server import Server

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements" / "runtime.txt"
PACKED = ("dcov", "tasks", "templates", "dashboards")  # dcov/ has links to the others
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
DCOV = "/opt/dcov/bin/dcov"
# As README.md says it, from files: a master need not reach a package index.
INSTALL = """
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install -y --no-install-recommends python3-venv > /dev/null
python3 -m venv /opt/dcov
install="/opt/dcov/bin/pip install --quiet --disable-pip-version-check --no-index"
$install --require-hashes --find-links /opt/wheels -r /opt/wheels/runtime.txt
$install --no-deps /opt/wheels/dcov_fleet-*.whl
rm -r /opt/wheels
"""
ACCOUNT = """
set -e
id ops > /dev/null 2>&1 || useradd --create-home --shell /bin/bash --groups sudo ops
printf 'ops:%s\\n' "$1" | chpasswd
install -d -m 700 -o ops -g ops /home/ops/.ssh
install -m 600 -o ops -g ops /dev/stdin /home/ops/.ssh/authorized_keys
echo 'PermitRootLogin no' > /etc/ssh/sshd_config.d/05-nobody-as-root.conf
systemctl reload ssh
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a command ended with, and what it told a program and a person."""

    exit: int
    document: Mapping[str, Any]
    said: str

    @classmethod
    def of(cls, done: Finished) -> Told:
        """Read what `-o json` printed."""
        assert done.stdout, done.stderr
        return cls(exit=done.returncode, document=json.loads(done.stdout), said=done.stderr)

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps, in the order in which they were done."""
        return tuple(step["task"] for step in self.document["steps"])

    @property
    def statuses(self) -> dict[str, dict[str, str]]:
        """How each server came out, by step."""
        return {
            step["task"]: {server["server"]: server["status"] for server in step["servers"]}
            for step in self.document["steps"]
        }

    @property
    def changed(self) -> list[tuple[str, str, str]]:
        """Step, server and resource of everything that was changed."""
        return [
            (step["task"], server["server"], change["resource"])
            for step in self.document["steps"]
            for server in step["servers"]
            for change in server["changes"]
            if change["action"] != "noop"
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A site deployed, deployed once more, and looked at."""

    first: Told
    second: Told
    health: Told

    @classmethod
    def of(cls, dcov: Callable[..., Told]) -> Story:
        """Have somebody do it."""
        return cls(
            first=dcov("quickstart", "-y"),
            second=dcov("quickstart", "-y"),
            health=dcov("health"),
        )

    def ends_well(self, *, skipped: Collection[str] = ()) -> None:
        """Assert nine good steps, then none with anything to do, then nothing that is bad.

        `skipped` are the steps for what the site has switched off.
        """
        assert self.first.exit == 0, self.first.said
        assert self.first.steps == quickstart.names
        assert len(self.first.steps) == 9
        for step, found in self.first.statuses.items():
            good = {"skipped"} if step in skipped else {"ok", "changed"}
            assert found, step
            assert set(found.values()) <= good, (step, found)
        assert self.second.exit == 0, self.second.said
        assert self.second.steps == quickstart.names
        assert self.second.changed == []
        verdicts = self.health.document["verdicts"]
        assert [item for item in verdicts if item["level"] == "bad"] == []
        assert {"targets", "proxy", "certificate"} <= {item["layer"] for item in verdicts}
        assert self.health.exit == 0, self.health.said


def beside(config: Path, *words: str) -> Told:
    """Run `dcov` on this machine, which is none of the fleet's."""
    argv = [sys.executable, "-c", "import dcov.cli; dcov.cli.main()", *words, "-o", "json"]
    env = {**os.environ, "DCOV_CONFIG": str(config)}
    return Told.of(
        subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=600)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OnMaster:
    """A user who is logged in to the master, where dcov is installed, with a site in `~/site`."""

    server: Server
    user: str = "root"

    @property
    def home(self) -> str:
        """Where the user's own files are."""
        return "/root" if self.user == "root" else f"/home/{self.user}"

    def bring(self, folder: Path, *, to: str) -> None:
        """Copy the content of a folder into one of the user's home; only the user can read it."""
        place = f"{self.home}/{to}"
        self.server.exec(["install", "-d", "-m", "700", place])
        docker("cp", f"{folder}/.", f"{self.server.container.name}:{place}")
        self.server.exec(["chown", "-R", f"{self.user}:{self.user}", place])

    def dcov(self, *words: str) -> Told:
        """Run it in the site's folder, in a login of the user's own."""
        line = f"cd site && exec {shlex.join((DCOV, *words, '-o', 'json'))}"
        return Told.of(self.server.exec(["runuser", "-l", self.user, "-c", line], check=False))


def install(server: Server, *, work: Path) -> None:
    """Install this tree's dcov on a blank server, with the requirements that are locked."""
    wheels = work / "wheels"
    shutil.copytree(_requirements(), wheels)
    shutil.copy(LOCK, wheels)
    _build(work / "source", to=wheels)
    server.exec(["mkdir", "-p", "/opt/wheels"])
    docker("cp", f"{wheels}/.", f"{server.container.name}:/opt/wheels")
    server.exec(["sh", "-c", INSTALL])


def reset(servers: Iterable[Server]) -> None:
    """Make these blank, side by side: what people have done there, no look of the lab's sees."""
    found = list(servers)
    with ThreadPoolExecutor(len(found)) as pool:
        list(pool.map(Server.reset, found))


def give_account(server: Server, *, key: str, password: str) -> None:
    """Make the user `ops`, whose sudo asks for this password; root may not log in any more."""
    server.exec(["sh", "-c", ACCOUNT, "sh", password], input=f"{key}\n")


def _build(source: Path, *, to: Path) -> None:
    """Build the wheel from a copy, so that nothing is left in the tree."""
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, source)
    for name in PACKED:
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=unwanted)
    build = (*PIP, "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    run((*build, "--wheel-dir", str(to), str(source)))


def _requirements() -> Path:
    """Return a folder with the locked requirements, for Debian 12's Python; fetched once."""
    folder = image.cache() / f"wheels-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    with image.building():
        if not folder.is_dir():
            fetched = folder.with_suffix(".partial")
            shutil.rmtree(fetched, ignore_errors=True)
            fetch = (*PIP, "download", "--quiet", "--no-deps", "--require-hashes")
            fetch += ("--python-version", "3.11", "--only-binary=:all:")
            run((*fetch, "--dest", str(fetched), "-r", str(LOCK)))
            fetched.rename(folder)
    return folder
