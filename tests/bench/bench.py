"""Run the benchmarks and write docs/benchmarks.md: `python tests/bench/bench.py [PART ...]`.

With PARTs only their sections are written anew, and with other rounds than the page has nothing is.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from measure import Run, medians, run
from page import with_sections
from quickstart import measured
from seen import check, look, wants

from dcov.testing.proxy import DelayProxy
from dcov.testing.sshd import LoopbackSshd

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PEERS = ROOT / ".venv-bench" / "bin"
PYTHON = sys.executable
PAGE = ROOT / "docs" / "benchmarks.md"
FOLDER = "/var/tmp/dcov-bench"  # the "servers" of the loopback fleet are this machine
BINARY_MB = 20
SET = f"A user, a {BINARY_MB} MB binary and two files"
ROUNDS = 5


@dataclass(frozen=True, kw_only=True)
class Site:
    """A loopback fleet and the files that the contestants read."""

    sshd: LoopbackSshd
    folder: Path

    def addresses(self, servers: int) -> list[str]:
        """Where this many servers are."""
        return [self.sshd.address(n) for n in range(1, servers + 1)]

    def spec(self, servers: int, *, port: int | None = None, **more: Any) -> Path:
        """Write what a contestant must know, and return the file."""
        names = [f"s{n:04}" for n in range(1, servers + 1)]
        addresses = self.addresses(servers)
        port = port or self.sshd.port
        known = self.folder / "known_hosts"
        shutil.copyfile(self.sshd.known_hosts(names), known)
        key = known.read_text().split("\n")[0].split(" ", 1)[1]
        by_address = self.folder / "known_hosts_by_address"
        lines = [f"[{address}]:{port} {key}\n" for address in sorted(set(addresses))]
        by_address.write_text("".join(lines))
        spec = {
            "hosts": [{"name": n, "address": a} for n, a in zip(names, addresses, strict=True)],
            "numbers": list(range(1, servers + 1)),
            "port": port,
            "key": str(self.sshd.key_path),
            "known_hosts": str(known),
            "known_hosts_by_address": str(by_address),
            "workers": 50,
            "command": "echo dcov-bench",
            "expect": "dcov-bench\n",
            "folder": FOLDER,
            **more,
        }
        file = self.folder / f"spec-{len(list(self.folder.glob('spec-*')))}.json"
        file.write_text(json.dumps(spec))
        return file


Contestants = dict[str, Callable[[], Run]]


def interleaved(contestants: Contestants, *, rounds: int) -> dict[str, Run]:
    """Run all of them in turns, so that a slow minute of the machine hits each."""
    runs: dict[str, list[Run]] = {name: [] for name in contestants}
    for number in range(rounds):
        for name, contest in contestants.items():
            runs[name].append(contest())
            last = runs[name][-1]
            print(
                f"  {number + 1}/{rounds} {name}: {last.wall:.2f} s, {last.cpu:.2f} s CPU",
                flush=True,
            )
    return {name: medians(found) for name, found in runs.items()}


def fanout(site: Site, *, rounds: int) -> list[str]:
    """One command on 200 servers, cold."""
    servers = 200
    spec = site.spec(servers)

    def contest(python: Path | str, script: str) -> Callable[[], Run]:
        argv = [str(python), str(HERE / "fanout" / script), str(spec)]
        return lambda: run(argv, expect={"good": servers}, watchdog=120)

    found = interleaved(
        {
            "nornir + paramiko": contest(PYTHON, "nornir_run.py"),
            "dcov": contest(PYTHON, "dcov_run.py"),
            "ssh2-python": contest(PEERS / "python", "ssh2_run.py"),
        },
        rounds=rounds,
    )
    base, ours, ssh2 = (found[name] for name in ("nornir + paramiko", "dcov", "ssh2-python"))
    return [
        f"## One command on {servers} servers, cold, host keys checked, 50 workers\n",
        *_table(found, runs=rounds),
        f"\ndcov to nornir + paramiko: {ours.wall / base.wall:.2f} in wall clock, "
        f"{ours.cpu / base.cpu:.2f} in CPU (bound 1.15). To ssh2-python: "
        f"{ours.wall / ssh2.wall:.2f} and {ours.cpu / ssh2.cpu:.2f} (aim 1.15).\n",
    ]


def first(site: Site, *, rounds: int) -> list[str]:
    """A user, a 20 MB binary and two files on 50 blank servers."""
    servers, fewer = 50, (rounds + 1) // 2
    spec = _set(site, servers=servers)
    runs: dict[str, list[Run]] = {name: [] for name in _peers(site, spec)}
    with clean(servers):
        for number in range(fewer):
            for name, make in _peers(site, spec).items():
                wipe(servers)
                runs[name].append(make(servers))
                print(f"  {number + 1} {name}: {runs[name][-1].wall:.2f} s", flush=True)
    once = {name: medians(found) for name, found in runs.items()}
    return [
        f"## {SET} on {servers} blank servers\n",
        *_table(once, runs=fewer),
        f"\npyinfra to dcov {once['pyinfra'].wall / once['dcov'].wall:.2f} (bound 1.5), "
        f"ansible-core to dcov {once['ansible-core'].wall / once['dcov'].wall:.2f} (bound 1.5).\n",
    ]


def converge(site: Site, *, rounds: int) -> list[str]:
    """The same set where it is already: nothing changes, near and far away."""
    servers = 50
    spec = _set(site, servers=servers)
    with clean(servers):
        wipe(servers)
        _peers(site, spec)["dcov"](servers)
        contestants = {
            name: (lambda make=make: make(0)) for name, make in _peers(site, spec).items()
        }
        contestants["floor"] = lambda: _script(
            "floor.py", spec, expect={"good": servers, "changed": 0}
        )
        again = interleaved(contestants, rounds=rounds)
        far = site.addresses(servers)
        with DelayProxy(site.sshd.port, delay=0.025, listen=far) as proxy:
            peers = _peers(site, _set(site, servers=servers, port=proxy.port))
            slow = interleaved(
                {name: (lambda make=peers[name]: make(0)) for name in ("dcov", "pyinfra")},
                rounds=rounds,
            )
    return [
        f"## The same on {servers} servers that have it\n",
        *_table(again, runs=rounds),
        "\nWith 50 ms of round-trip time:\n",
        *_table(slow, runs=rounds),
        f"\nNo change: pyinfra to dcov {again['pyinfra'].wall / again['dcov'].wall:.2f} (bound 2.5), "
        f"ansible-core to dcov {again['ansible-core'].wall / again['dcov'].wall:.2f} (bound 10), dcov "
        f"to the floor {again['dcov'].wall / again['floor'].wall:.2f} (bound 1.25). With 50 ms: "
        f"pyinfra to dcov {slow['pyinfra'].wall / slow['dcov'].wall:.2f} (bound 2.5).\n",
    ]


def _set(site: Site, *, servers: int, port: int | None = None) -> Path:
    """Write the binary, and what a contestant must know."""
    binary = site.folder / "exporter"
    data = hashlib.sha256(b"dcov").digest() * (BINARY_MB * 1024 * 1024 // 32)
    if not binary.exists():
        binary.write_bytes(data)
    return site.spec(
        servers, port=port, binary=str(binary), sha256=hashlib.sha256(data).hexdigest()
    )


def _script(name: str, spec: Path, *, expect: dict[str, int]) -> Run:
    argv = [PYTHON, str(HERE / "converge" / name), str(spec)]
    before = look(spec)
    done = run(argv, expect=expect, watchdog=300)
    check(spec, before=before, changed=expect["changed"])
    return done


def _peers(site: Site, spec: Path) -> dict[str, Callable[[int], Run]]:
    """Return the contestants; each is told how many servers it must change."""
    servers = len(json.loads(spec.read_text())["hosts"])

    def dcov(changed: int) -> Run:
        return _script("dcov_run.py", spec, expect={"good": servers, "changed": changed})

    return {
        "dcov": dcov,
        "pyinfra": lambda changed: _pyinfra(site, spec, changed=changed),
        "ansible-core": lambda changed: _ansible(site, spec, changed=changed),
    }


def _pyinfra(site: Site, spec: Path, *, changed: int) -> Run:
    """pyinfra by its API-free way: the CLI, without its per-host prompts, 50 at once."""
    data = json.loads(spec.read_text())
    common = {
        "ssh_user": "root",
        "ssh_key": data["key"],
        "ssh_port": data["port"],
        "ssh_known_hosts_file": data["known_hosts_by_address"],
        "ssh_strict_host_key_checking": "yes",
    }
    inventory = site.folder / "pyinfra_inventory.py"
    hosts = [
        (host["name"], {"ssh_hostname": host["address"], **common, **want})
        for host, want in wants(spec)
    ]
    inventory.write_text(f"hosts = {hosts!r}\n")
    deploy = HERE / "converge" / "pyinfra_deploy.py"
    argv = [str(PEERS / "pyinfra"), "-y", "--parallel", "50", str(inventory), str(deploy)]
    before = look(spec)
    done = run(argv, expect={}, watchdog=600, env={"BENCH_SPEC": str(spec)}, cwd=site.folder)
    check(spec, before=before, changed=changed)
    return done


def _ansible(site: Site, spec: Path, *, changed: int) -> Run:
    """ansible-core with pipelining, ControlPersist and 50 forks, host keys checked."""
    data = json.loads(spec.read_text())
    hosts = {}
    for host, want in wants(spec):
        hosts[host["name"]] = {"ansible_host": host["address"], **want}
    variables = {
        "ansible_user": "root",
        "ansible_port": data["port"],
        "ansible_ssh_private_key_file": data["key"],
        "ansible_python_interpreter": PYTHON,
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={data['known_hosts_by_address']} "
        "-o ControlMaster=auto -o ControlPersist=60s",
    }
    inventory = site.folder / "ansible.json"
    inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": variables}}))
    config = site.folder / "ansible.cfg"
    config.write_text(
        "[defaults]\nforks=50\nhost_key_checking=True\nstdout_callback=minimal\n"
        f"local_tmp={site.folder}/ansible\n[ssh_connection]\npipelining=True\n"
        f"control_path_dir={site.folder}/cp\n"
    )
    argv = [
        str(PEERS / "ansible-playbook"),
        "-i",
        str(inventory),
        str(HERE / "converge" / "ansible.yml"),
    ]
    before = look(spec)
    done = run(
        argv, expect={}, watchdog=900, env={"ANSIBLE_CONFIG": str(config), "LC_ALL": "C.UTF-8"}
    )
    check(spec, before=before, changed=changed)
    return done


@contextmanager
def clean(servers: int) -> Iterator[None]:
    """Leave no users and no files behind."""
    try:
        yield
    finally:
        wipe(servers)
        Path(FOLDER).rmdir()


def wipe(servers: int) -> None:
    """Make all servers blank."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    Path(FOLDER).mkdir()
    for number in range(1, servers + 1):
        subprocess.run(["userdel", f"dcovb{number:04}"], check=False, stderr=subprocess.DEVNULL)


def many(site: Site, *, rounds: int) -> list[str]:
    """One command on 1,000 servers, and on 5,000 in batches: memory."""
    del rounds
    found = {}
    for servers, more in ((1000, {}), (5000, {"batch": 500})):
        spec = site.spec(servers, **more)
        argv = [PYTHON, str(HERE / "fanout" / "dcov_run.py"), str(spec)]
        name = f"{servers:,} servers" + (", batches of 500" if more else "")
        found[name] = run(argv, expect={"good": servers}, watchdog=600)
        print(f"  {name}: {found[name].memory:.0f} MiB", flush=True)
    small, large = found.values()
    return [
        "## Many servers, one command\n",
        *_table(found, runs=1),
        f"\nPeak memory at 1,000: {small.memory:.0f} MiB (bound 400). Five times the servers took "
        f"{large.memory / small.memory:.2f} times the memory (bound: less than 5).\n",
    ]


def idle(site: Site, *, rounds: int) -> list[str]:
    """300 connections held for 20 s."""
    del rounds
    spec = site.spec(300, seconds=20)
    argv = [PYTHON, str(HERE / "fanout" / "idle_run.py"), str(spec)]
    done = run(argv, expect={"good": 300, "reused": 300}, watchdog=120)
    share = done.said["core"] * 100
    return [
        "## 300 connections held idle for 20 s\n",
        f"\n{share:.2f} % of a core in one run (bound 1 %); every one of them answered afterwards.\n",
    ]


def _table(found: dict[str, Run], *, runs: int) -> list[str]:
    """Return a table that says of how many runs its figures are."""
    said = f"Medians of {runs} interleaved runs" if runs > 1 else "One run each"
    lines = [
        f"{said}.\n\n",
        "| | wall clock, s | CPU, s | peak memory, MiB |\n",
        "|---|---|---|---|\n",
    ]
    for name, item in found.items():
        lines.append(f"| {name} | {item.wall:.2f} | {item.cpu:.2f} | {item.memory:.0f} |\n")
    return ["\n", *lines]


def quickstart(site: Site, *, rounds: int) -> list[str]:
    """A whole site, on the lab: its servers are not the loopback fleet's."""
    del site
    return measured(rounds=rounds)


PARTS = {
    "fanout": fanout,
    "first": first,
    "converge": converge,
    "many": many,
    "idle": idle,
    "quickstart": quickstart,
}


def main() -> None:
    """Run the parts that are named, or all, and write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    sys.path.insert(0, str(HERE))
    written = not options.parts or options.rounds == ROUNDS
    known = ""
    if written:
        known = PAGE.read_text() if options.parts and PAGE.exists() else _head()
    sections: list[str] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        LoopbackSshd(options={"MaxStartups": "1000", "MaxSessions": "100"}) as sshd,
    ):
        os.environ["XDG_STATE_HOME"] = folder
        site = Site(sshd=sshd, folder=Path(folder))
        for name in options.parts or PARTS:
            print(name, flush=True)
            sections.append("".join(PARTS[name](site, rounds=options.rounds)))
    if written:
        PAGE.write_text(with_sections(known, sections))
        print(f"written to {PAGE.relative_to(ROOT)}")
    else:
        print(*sections, sep="\n")


def _head() -> str:
    peers = subprocess.run(
        [PEERS / "python", "-c", "from importlib.metadata import version as v; "
         "print(*(f'{n} {v(n)}' for n in ('pyinfra', 'ansible-core', 'ssh2-python')), sep=', ')"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    ours = ", ".join(f"{name} {version(name)}" for name in ("nornir", "paramiko"))
    return (
        "# Benchmarks\n\nWritten by `make bench`; do not edit. Each part says of how many runs its "
        f"figures are. They ran on {os.cpu_count()} cores that clients and servers share, "
        f"Python {platform.python_version()}; {ours}, {peers}. The fleet is one sshd on loopback, so "
        "most of the wall clock is the servers' own cost.\n"
    )


if __name__ == "__main__":
    main()
