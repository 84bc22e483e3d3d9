"""What lab tests stand on: a server that is blank, or has this version; a site of one's own."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dcov import Fleet
from dcov.config.search import FILE_NAME
from dcov.deployed import NAMES as SHARED_FILES
from dcov.deployed.copy import Copy
from dcov.stack import COMPONENTS
from dcov.tasks import install_exporters, quickstart
from fleetlab import Lab, neighbours, stock_prometheus
from fleetlab.release import DC_RELEASES, NODE_RELEASES
from fleetlab.server import Server

OLD, NEW = "1.5.0", "1.9.0"
NAMES = ("master", "gpu-01", "gpu-02", "gpu-03", "gpu-04")
WORKERS = NAMES[1:]

# What a test may have left on a server; nothing of it is on a blank one.
TRACES = """
ls -d /var/lib/dcov /etc/systemd/system/*exporter* /usr/local/bin/* /usr/bin/nvidia-smi \
    /etc/systemd/system/.dcov-* /usr/local/bin/.dcov-* /etc/prometheus/dcov 2>/dev/null
getent passwd node_exporter
ss -Hltn '( sport = :9100 or sport = :9835 )'
systemctl list-units --plain --no-legend 'dcov-undo-*'
grep -h ' /usr/local/bin ' /proc/mounts
systemctl --failed --plain --no-legend
[ "$(hostname)" != master ] || { command -v prometheus; command -v dockerd; }
true
"""
# What a settled server with node_exporter looks like; says what is odd.
ODD = """
ls -d /var/lib/dcov/journal /etc/systemd/system/.dcov-* /usr/local/bin/.dcov-* /usr/bin/nvidia-smi \
    /usr/local/bin/[!n]* 2>/dev/null
systemctl list-units --plain --no-legend 'dcov-undo-*'
systemctl --failed --plain --no-legend
grep -h ' /usr/local/bin ' /proc/mounts
[ "$(systemctl is-active node_exporter)" = active ] || echo inactive
grep -e ExecStartPre -e sleep /etc/systemd/system/node_exporter.service
[ "$(ls -A /var/lib/dcov/exporters)" = node_exporter ] || echo another set
curl -fsS http://127.0.0.1:9100/metrics |
    grep -q '^node_exporter_build_info.*version="'$1'"' || echo another version
pid=$(systemctl show -p MainPID --value node_exporter)
cmp -s /usr/local/bin/node_exporter "/proc/$pid/exe" || echo another program
"""
# What a master lacks for the site to be deployed there, and what it has of others.
UNDEPLOYED = r"""
command -v docker > /dev/null || { echo no engine; exit; }
ls /etc/cryptolabs-proxy/nginx/nginx.conf /etc/dc-overview/docker-compose.yml 2>&1 > /dev/null
while [ "$#" -gt 0 ]; do
    docker inspect -f '{{.State.Status}} {{.State.Health.Status}} {{.Config.Image}}' "$1" \
        2> /dev/null | grep -qxF "running healthy $2" || echo "$1"
    shift 2
done
systemctl is-active node_exporter | grep -vx active
true
"""
FOREIGN = """
command -v prometheus
command -v docker > /dev/null || exit 0
for id in $(docker ps -aq); do
    docker inspect -f '{{index .Config.Labels "io.dcov.site"}} {{.Name}}' "$id" | grep '^ '
done
true
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The lab, and the ways to have its servers as a test wants them."""

    lab: Lab

    def fleet(self, *names: str) -> Fleet:
        """These servers of the lab's own site; all for none."""
        if not names or "master" in names:
            self.newest(self.lab.config)
        return Fleet.load(self.lab.config).where(":".join(names) or "all")

    def server(self, name: str) -> Server:
        """One server, past dcov."""
        return self.lab.server(name)

    def blank(self, *names: str) -> None:
        """Have these servers blank; what is blank already stays."""
        with ThreadPoolExecutor(len(names)) as pool:
            list(pool.map(self._blank, names))

    def installed(self, *names: str, version: str = OLD) -> None:
        """Have node_exporter, and nothing else, on these servers."""
        with ThreadPoolExecutor(len(names)) as pool:
            odd = [
                name
                for name, is_odd in zip(
                    names,
                    pool.map(lambda name: self._odd(name, version=version), names),
                    strict=True,
                )
                if is_odd
            ]
            list(pool.map(self._blank, odd))
        if odd:
            report = self.fleet(*odd).run(
                install_exporters, exporters=["node"], versions=[f"node_exporter={version}"]
            )
            report.raise_for_failures()

    def deployed(self) -> Fleet:
        """Have the lab's own site deployed by quickstart, whatever was before.

        Where it is deployed already that is seen within a second or two, and nothing is done.
        """
        self.newest(self.lab.config)
        fleet = Fleet.load(self.lab.config)
        master = self.server("master")
        settings = fleet.site.settings
        wanted = [
            word
            for item in COMPONENTS
            if item.on(settings)
            for word in (item.name, item.image(settings))
        ]
        undeployed = master.exec(["sh", "-c", UNDEPLOYED, "sh", *wanted]).stdout.strip()
        with ThreadPoolExecutor(len(WORKERS)) as pool:
            odd = [
                name
                for name, is_odd in zip(WORKERS, pool.map(self._beside_gpu, WORKERS), strict=True)
                if is_odd
            ]
            list(pool.map(self._blank, odd))
        if undeployed and master.exec(["sh", "-c", FOREIGN]).stdout.strip():
            master.reset()
        if undeployed or odd:
            fleet.using(deadline=600).run(quickstart).raise_for_failures()
        return fleet

    def with_prometheus(self) -> Server:
        """Have Debian's own Prometheus on the master, beside whatever is there."""
        master = self.server("master")
        stock_prometheus.ensure(master)
        return master

    def with_neighbours(self) -> Server:
        """Have an engine on the master, and others' containers: IPMI Monitor and its proxy."""
        master = self.server("master")
        neighbours.ensure(master, registry=self.lab.registry)
        return master

    def site(
        self,
        folder: Path,
        *,
        template: Callable[[str], str] | None = None,
        config: Callable[[str], str] = str,
        secrets: str | None = None,
    ) -> Path:
        """Copy the lab's site to a folder, changed as an operator would; returns its config."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "fleet-config.yaml"
        file.write_text(config(self.lab.config.read_text()))
        kept = (self.lab.state / ".secrets.yaml").read_text()
        own_secrets = folder / ".secrets.yaml"
        own_secrets.touch(mode=0o600)
        own_secrets.write_text(kept if secrets is None else secrets)
        shutil.copy(self.lab.state / "known_hosts", folder / "known_hosts")
        if template is not None:
            own = folder / "templates" / "units" / "node_exporter.service.j2"
            own.parent.mkdir(parents=True)
            shipped = Path(__file__).parents[2] / "templates" / "units" / own.name
            own.write_text(template(shipped.read_text()))
        self.newest(file)
        return file

    def newest(self, config: Path) -> None:
        """Have this copy of the site come from what the master has now, whoever deployed that.

        So a test may deploy one site after the other, where that is not what it is about.
        """
        master = self.server("master")
        truth = {
            name: master.exec(["cat", f"/etc/dc-overview/fleet/{name}"], check=False).stdout
            for name in SHARED_FILES
        }
        if truth[FILE_NAME]:
            Copy.at(config).agreed(truth)

    def serve(self, version: str, program: bytes, *, sums: bool = True) -> str:
        """Put a node_exporter of this version on the mirror; `sums` off: they do not match."""
        folder = self.lab.mirror.root / NODE_RELEASES / f"v{version}"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"node_exporter-{version}.linux-amd64"
        packed = _tarball(f"{name}/node_exporter", program)
        (folder / f"{name}.tar.gz").write_bytes(packed)
        digest = hashlib.sha256(packed if sums else b"another file").hexdigest()
        (folder / "sha256sums.txt").write_text(f"{digest}  {name}.tar.gz\n")
        return version

    def program(self, version: str) -> bytes:
        """The node_exporter of this version that the mirror has."""
        name = f"node_exporter-{version}.linux-amd64"
        path = self.lab.mirror.root / NODE_RELEASES / f"v{version}" / f"{name}.tar.gz"
        with tarfile.open(path) as tar:
            member = tar.extractfile(f"{name}/node_exporter")
            assert member is not None
            return member.read()

    def dc_exporter(self) -> bytes:
        """The stand-in for dc-exporter that the mirror has."""
        return (self.lab.mirror.root / DC_RELEASES / "v0.2.8" / "dc-exporter-rs").read_bytes()

    def _blank(self, name: str) -> None:
        server = self.server(name)
        if (
            server.container.state() != "running"
            or server.exec(["sh", "-c", TRACES]).stdout.strip()
        ):
            server.reset()

    def _beside_gpu(self, name: str) -> str:
        return self._odd(name, version=OLD)

    def _odd(self, name: str, *, version: str) -> str:
        odd: str = self.server(name).exec(["sh", "-c", ODD, "sh", version]).stdout.strip()
        return odd


def _tarball(name: str, program: bytes) -> bytes:
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as tar,
    ):
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(program), 0o755
        tar.addfile(member, io.BytesIO(program))
    return packed.getvalue()


@contextmanager
def listener(server: Server, port: int) -> Iterator[int]:
    """Have another program listen on a port of the server; yields its PID."""
    code = f"import socket,time;s=socket.create_server(('',{port}));time.sleep(600)"
    server.exec(["systemd-run", "--quiet", "--unit=test-squatter", "python3", "-c", code])
    wait_until(lambda: server.exec(["ss", "-Hltn", f"sport = :{port}"]).stdout)
    shown = server.exec(["systemctl", "show", "-p", "MainPID", "--value", "test-squatter"])
    try:
        yield int(shown.stdout)
    finally:
        server.exec(["systemctl", "stop", "test-squatter"])


def wait_until(look: Callable[[], object], *, within: float = 20.0) -> None:
    """Look until it is so."""
    until = time.monotonic() + within
    while not look():
        assert time.monotonic() < until, "it did not come to that"
        time.sleep(0.05)


CHILD = """
import os, sys
from dcov import Fleet
from dcov.tasks import install_exporters
fleet = Fleet.load(sys.argv[1]).where(sys.argv[2]).using(deadline=float(sys.argv[3]))
report = fleet.run(install_exporters, exporters=["node"], versions=sys.argv[4:])
print([(o.server, o.status.value, o.code, o.why) for o in report.outcomes])
"""


def operator(
    config: Path, names: str, *versions: str, deadline: float = 900, state: Path | None = None
) -> subprocess.Popen[str]:
    """Another process that installs: one that can be killed, or, with a `state`, somebody else."""
    argv = [sys.executable, "-c", CHILD, str(config), names, str(deadline)]
    argv += [f"node_exporter={version}" for version in versions]
    env = {**os.environ, **({"XDG_STATE_HOME": str(state)} if state else {})}
    out = subprocess.PIPE
    return subprocess.Popen(argv, env=env, stdout=out, stderr=subprocess.STDOUT, text=True)


def slow_start(unit: str) -> str:
    """A template whose unit takes its time to start: the apply waits for it."""
    return unit.replace("ExecStart=", "ExecStartPre=/bin/sleep 3\nExecStart=", 1)


def slow_answer(unit: str) -> str:
    """A template whose unit starts at once and answers later: the apply is done, not verified."""
    line = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
    command = line.removeprefix("ExecStart=").partition("{%")[0]
    return unit.replace(line, f"ExecStart=/bin/sh -c 'sleep 3; exec {command}'")


def killed(child: subprocess.Popen[str]) -> None:
    """Kill it as the kernel does when memory is short: nothing of it runs any more."""
    child.kill()
    child.communicate()
    assert child.returncode == -9


UPLOADING = "ls /usr/local/bin/.dcov-*.new"
STARTING = "[ $(systemctl is-active node_exporter) = activating ]"
APPLIED = "grep -l applied /run/dcov/results/*"


def once(server: Server, condition: str) -> None:
    """Wait on the server, looking as often as it can, until this is so there."""
    script = f"rm -f /run/dcov/results/*; until {condition}; do :; done >/dev/null 2>&1"
    server.exec(["timeout", "60", "sh", "-c", script])
