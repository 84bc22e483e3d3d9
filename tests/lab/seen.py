"""How lab tests look at a server: through testinfra and the engine, never through dcov."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import testinfra

from fleetlab.server import Server

# Changes by itself while a server runs; what shadow's tools and sudo leave for themselves.
APART = (
    "/var/lib/docker",
    "/var/lib/containerd",
    "/var/lib/prometheus",
    "/var/lib/systemd",
    "/var/lib/tenant/last-round",
    "/etc/passwd-",
    "/etc/group-",
    "/etc/shadow-",
    "/etc/gshadow-",
    "/home/ops/.sudo_as_admin_successful",
)
FILES = """
shift_apart() { for path; do printf ' -path %s -prune -o' "$path"; done; }
apart=$(shift_apart "$@")
find /etc /usr/local /var/lib /root /home /opt /srv $apart -printf '%p\\t%y %u:%g %m %l\\n'
echo
find /etc /usr/local /var/lib /root /home /opt /srv $apart -type f -exec sha256sum {} +
"""
LEFT = """
find / -xdev -name '.dcov-*' -not -path '/proc/*'
find /usr/local/bin /etc/systemd/system -name '.dcov-*'
ls -d /var/lib/dcov/journal
systemctl list-units --all --plain --no-legend 'dcov-undo-*'
ls -A /tmp | grep -v -e ^systemd-private -e '^[.].*-unix$' -e ^runc-process
"""


def look(server: Server) -> Any:
    """The server as testinfra sees it, through the container engine."""
    return testinfra.get_host(f"docker://{server.container.name}")


def files(server: Server) -> Mapping[str, str]:
    """Kind, owner, mode and digest of everything that should stay as it is, by path."""
    listed, _, sums = server.exec(["sh", "-c", FILES, "sh", *APART]).stdout.partition("\n\n")
    found = dict(line.split("\t", 1) for line in listed.splitlines())
    for line in sums.splitlines():
        digest, _, path = line.partition("  ")
        found[path] += f" {digest}"
    return found


def files_of(servers: Iterable[Server]) -> dict[str, Mapping[str, str]]:
    """The same of several servers, by name."""
    servers = list(servers)
    with ThreadPoolExecutor(len(servers)) as pool:
        found = pool.map(files, servers)
        return {server.name: each for server, each in zip(servers, found, strict=True)}


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """What is not as it was, by path."""
    return {
        path: (before.get(path, "absent"), after.get(path, "absent"))
        for path in sorted({*before, *after})
        if before.get(path) != after.get(path)
    }


def processes(server: Server) -> dict[int, str]:
    """Start time and command of every process that is to stay, by PID.

    Not those of logins and of looking; the tenant's batch sleeps 15 s between its rounds.
    """
    listed = server.exec(["ps", "-eo", "pid=,lstart=,args="]).stdout
    found = {}
    for line in listed.splitlines():
        pid, _, rest = line.strip().partition(" ")
        if not any(
            word in rest for word in ("sshd: ", "ps -eo", "sleep 15", "systemd --user", "(sd-pam)")
        ):
            found[int(pid)] = rest.strip()
    return found


def left_behind(server: Server) -> list[str]:
    """What a run should have taken away: staged and kept files, journals, timers."""
    return server.exec(["sh", "-c", LEFT], check=False).stdout.split("\n")[:-1]


def digest(server: Server, path: str) -> str:
    """The SHA-256 of a file."""
    return str(look(server).file(path).sha256sum)


def sha256(data: bytes) -> str:
    """The SHA-256 of what was served."""
    return hashlib.sha256(data).hexdigest()


def version(server: Server, port: int = 9100) -> str:
    """The version that answers there, empty where none does."""
    text = server.exec(["curl", "-fsS", f"http://127.0.0.1:{port}/metrics"], check=False).stdout
    found = re.search(r'^\w+_exporter_build_info{.*?\bversion="([^"]*)"', text, re.MULTILINE)
    return found[1] if found else ""


def serves(server: Server, *, version_: str, program: bytes, port: int = 9100) -> None:
    """Assert that this program is installed, runs, and answers."""
    host = look(server)
    assert host.service("node_exporter").is_running
    assert host.service("node_exporter").is_enabled
    assert digest(server, "/usr/local/bin/node_exporter") == sha256(program)
    pid = main_pid(server)
    assert digest(server, f"/proc/{pid}/exe") == sha256(program)
    assert version(server, port) == version_


def main_pid(server: Server, unit: str = "node_exporter") -> int:
    """The PID that systemd knows of the unit."""
    return int(server.exec(["systemctl", "show", "-p", "MainPID", "--value", unit]).stdout)
