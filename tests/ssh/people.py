"""Users of this machine's own /etc, who log in to a strict sshd by password and use sudo."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from dcov.inventory.entry import Entry, Login
from dcov.secret import Secret
from dcov.testing.sshd import LoopbackSshd

PASSWORD = "correct horse battery"
STRICT = {
    "StrictModes": "yes",
    "PasswordAuthentication": "yes",
    "AuthorizedKeysFile": "%h/.ssh/authorized_keys",
    "LogLevel": "VERBOSE",
}


@dataclass(frozen=True)
class Person:
    """A user with a home and an empty authorized_keys nowhere."""

    name: str
    home: Path
    sshd: LoopbackSshd

    @property
    def keys(self) -> Path:
        return self.home / ".ssh" / "authorized_keys"

    def login(self, n: int = 1, **other: object) -> Login:
        """Log in by password; sudo wants the same one."""
        login = Login(
            address=self.sshd.address(n),
            port=self.sshd.port,
            user=self.name,
            password=Secret(PASSWORD),
            sudo_password=Secret(PASSWORD),
            agent=False,
        )
        return replace(login, **other)  # type: ignore[arg-type]

    def entry(self, name: str = "gpu-01", n: int = 1, **other: object) -> Entry:
        return Entry(name=name, login=self.login(n, **other))

    def own(self, path: Path, *, mode: int) -> None:
        subprocess.run(("chown", f"{self.name}:", path), check=True)
        path.chmod(mode)

    def write_keys(self, text: str | bytes, *, mode: int = 0o600) -> None:
        """Give the user an authorized_keys."""
        self.keys.parent.mkdir(exist_ok=True)
        self.own(self.keys.parent, mode=0o700)
        self.keys.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.own(self.keys, mode=mode)


@pytest.fixture(scope="session")
def strict_sshd(own_machine: None) -> Iterator[LoopbackSshd]:
    with LoopbackSshd(options=STRICT) as server:
        yield server


@pytest.fixture
def person(
    strict_sshd: LoopbackSshd, own_machine: None, request: pytest.FixtureRequest
) -> Iterator[Person]:
    if os.geteuid() or not os.path.ismount("/etc"):
        pytest.skip("makes users, so it needs root and an /etc of its own")
    name = f"op{abs(hash(request.node.name)) % 10**6}"
    # Not in tmp_path: each pytest on this machine closes the folder above it to all others.
    with TemporaryDirectory(prefix="dcov-home-") as above:
        Path(above).chmod(0o755)
        yield from _user(name, home=Path(above) / name, sshd=strict_sshd)


def _user(name: str, *, home: Path, sshd: LoopbackSshd) -> Iterator[Person]:
    _run("useradd", "--create-home", "--home-dir", str(home), "--shell", "/bin/sh", name)
    _run("chpasswd", feed=f"{name}:{PASSWORD}\n")
    sudoers = Path("/etc/sudoers.d") / name
    sudoers.write_text(f"{name} ALL=(ALL) ALL\n")
    yield Person(name=name, home=home, sshd=sshd)
    sudoers.unlink()
    _run("userdel", "--force", name)  # its last session may still be ending


def _run(*words: str, feed: str = "") -> None:
    subprocess.run(words, input=feed, text=True, check=True, capture_output=True)
