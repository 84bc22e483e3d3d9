"""Secrets that tests plant in a site, and how they look for them afterwards."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.ground import Ground


@contextmanager
def watched(secrets: Collection[str], *, every: float = 0.01) -> Iterator[set[str]]:
    """Look through the arguments and environments of every process, of the lab's servers too.

    The engine's containers are processes of this machine, so one look sees both ends. Yields what
    held one of these: `argv` with all of it, `environ` with the name of the variable.
    """
    found: set[str] = set()
    over = threading.Event()
    wanted = [secret.encode() for secret in secrets]

    def look() -> None:
        while not over.is_set():
            for process in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    try:
                        text = (process / name).read_bytes()
                    except OSError:
                        continue
                    if any(secret in text for secret in wanted):
                        found.update(_shown(name, text, wanted=wanted))
            time.sleep(every)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def _shown(name: str, text: bytes, *, wanted: list[bytes]) -> Iterator[str]:
    if name == "cmdline":
        yield "argv " + text.replace(b"\0", b" ").decode(errors="replace")
        return
    for variable in text.split(b"\0"):
        if any(secret in variable for secret in wanted):
            yield "environ " + variable.partition(b"=")[0].decode(errors="replace")


def passwords_of(ground: Ground) -> dict[str, dict[str, str]]:
    """The lab's passwords for logging in, by server and user."""
    found: dict[str, dict[str, str]] = json.loads((ground.lab.state / "passwords.json").read_text())
    return found


def by_password(text: str) -> str:
    """A site's configuration with logins by password."""
    return re.sub(r"(?m)^  key_path: .*$", "  auth_method: password", text)


def ssh_passwords(ground: Ground) -> str:
    """The lines of .secrets.yaml for them."""
    passwords = passwords_of(ground)
    users = {name: ground.server(name).user for name in passwords}
    lines = [f'  {name}: "{passwords[name][user]}"' for name, user in users.items()]
    return "\n".join(["server_ssh_passwords:", *lines, ""])


def containing(folder: Path, secrets: Collection[str]) -> list[Path]:
    """The files below it that hold one of these."""
    wanted = [secret.encode() for secret in secrets]
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and any(secret in path.read_bytes() for secret in wanted)
    ]
