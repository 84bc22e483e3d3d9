"""What is on the servers of the loopback fleet, looked at past every contestant.

All of them are this machine, so its own files and users are read.
"""

from __future__ import annotations

import hashlib
import json
import pwd
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

FILES = {"": 0o755, "exporter": 0o755, "exporter.service": 0o644, "exporter.yml": 0o644}
SHELL = "/usr/sbin/nologin"

# Per server: whatever a change of its files or of its user must alter. A file that is written
# anew with what it had has another time, though nobody reports it.
Look = Mapping[str, tuple[object, ...]]


def wants(spec: Path) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Yield each server, and what it shall have."""
    from converge.wanted import Wanted  # type: ignore[import-not-found]

    data = json.loads(spec.read_text())
    for number, host in zip(data["numbers"], data["hosts"], strict=True):
        want = Wanted.of(number, folder=data["folder"])
        yield (
            host,
            {
                "b_user": want.user,
                "b_folder": want.folder,
                "b_unit": want.unit,
                "b_config": want.config,
                "b_binary": data["binary"],
            },
        )


def look(spec: Path) -> Look:
    """Look at every server as it is now."""
    return {
        host["name"]: (_user(want["b_user"]), *_stamps(Path(want["b_folder"])))
        for host, want in wants(spec)
    }


def check(spec: Path, *, before: Look, changed: int) -> None:
    """Refuse what is not right, and another number of changed servers, whatever was reported."""
    sha256 = json.loads(spec.read_text())["sha256"]
    for host, want in wants(spec):
        if wrong := list(_wrong(want, sha256=sha256)):
            raise SystemExit(f"{host['name']}: {'; '.join(wrong)}")
    after = look(spec)
    touched = [name for name, had in before.items() if after[name] != had]
    if len(touched) != changed:
        raise SystemExit(f"{len(touched)} servers were changed, and not {changed}: {touched[:3]}")


def _wrong(want: dict[str, str], *, sha256: str) -> Iterator[str]:
    folder = Path(want["b_folder"])
    for name, mode in FILES.items():
        found = (folder / name).stat()
        if (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) != (0, 0, mode):
            yield f"{folder / name} has mode {found.st_mode:o} and owner {found.st_uid}"
    if hashlib.sha256((folder / "exporter").read_bytes()).hexdigest() != sha256:
        yield f"{folder / 'exporter'} is another file"
    for name, key in (("exporter.service", "b_unit"), ("exporter.yml", "b_config")):
        if (folder / name).read_text() != want[key]:
            yield f"{folder / name} is not as it should be"
    if (user := _user(want["b_user"])) is None or user.pw_shell != SHELL:
        yield f"the user is {user}"


def _user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _stamps(folder: Path) -> Iterator[tuple[int, int, int] | None]:
    for name in FILES:
        try:
            found = (folder / name).stat()
        except FileNotFoundError:
            yield None
        else:
            yield found.st_ino, found.st_mtime_ns, found.st_ctime_ns
