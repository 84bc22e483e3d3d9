"""What opens the servers of one lab: a key, passwords, and the host keys to trust."""

import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from . import apt
from .command import run
from .topology import NAMES

# Keys of .secrets.yaml. No marketplace ever sees the API keys.
OF_THE_SITE = (
    "fleet_admin_pass",
    "bmc_password",
    "grafana_password",
    "ipmi_monitor_password",
    "vast_api_key",
    "runpod_api_key",
)
Passwords = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The files of a lab's state folder that log in."""

    key: Path
    known_hosts: Path
    passwords: Passwords
    """Server, then user."""
    site: Mapping[str, str]
    """What the site's own services ask for, by the name in .secrets.yaml."""

    @property
    def public_key(self) -> str:
        """The line for authorized_keys."""
        return self.key.with_suffix(".pub").read_text().strip()

    def trust(self, host_keys: Mapping[str, str]) -> None:
        """Write these servers' host keys by server name (HostKeyAlias); other lines stay.

        Servers boot side by side, also in processes of their own: one writer at a time.
        """
        with (self.known_hosts.parent / ".known_hosts.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            text = self.known_hosts.read_text() if self.known_hosts.exists() else ""
            lines = {line.split(" ", 1)[0]: line for line in text.splitlines()}
            for name, host_key in host_keys.items():
                algorithm, blob = host_key.split()[:2]
                lines[name] = f"{name} {algorithm} {blob}"
            write(self.known_hosts, "".join(f"{lines[name]}\n" for name in sorted(lines)))


def ensure(state: Path) -> Credentials:
    """The lab's credentials, made when it has none."""
    key = state / "id_ed25519"
    if not key.exists():
        apt.ensure_tools({"ssh-keygen": "openssh-client"})
        run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "dcov-lab", "-f", str(key)))
    file = state / "passwords.json"
    if not file.exists():
        made = {
            name: {user: secrets.token_urlsafe(12) for user in ("root", "ops")} for name in NAMES
        }
        for name in set(NAMES) - {"gpu-03"}:
            del made[name]["ops"]
        write(file, json.dumps(made, indent=2) + "\n", mode=0o600)
    return Credentials(
        key=key,
        known_hosts=state / "known_hosts",
        passwords=json.loads(file.read_text()),
        site=_of_the_site(state / "site_passwords.json"),
    )


def _of_the_site(file: Path) -> Mapping[str, str]:
    if not file.exists():
        made = {name: secrets.token_urlsafe(15) for name in OF_THE_SITE}
        write(file, json.dumps(made, indent=2) + "\n", mode=0o600)
    kept: dict[str, str] = json.loads(file.read_text())
    return kept


def write(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Replace the file as a whole; it never has a wider mode than this, nor half the text."""
    staged = path.with_name(f".{path.name}.new")
    staged.unlink(missing_ok=True)
    with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
    staged.rename(path)
