"""Changing known_hosts: what enrols a server, and what forgets it.

Every change holds a lock beside the file, so that many threads and several operators on one
machine can make them. What is not about the server named stays byte for byte as it was.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Container, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import paramiko
from filelock import FileLock, Timeout

from dcov.errors import ConfigError, UnknownNameError
from dcov.ssh.known_hosts import Checked, KnownHosts, Line, Marker, Verdict

PRIVATE = 0o600  # who may write it decides whom the fleet trusts
LOCK_WITHIN = 60.0
WRITABLE_NAME = re.compile(r"[^\s,*?!|@#][^\s,*?!|]*")  # others are patterns, lists or markers


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A host key that a scan has seen and nobody has approved."""

    name: str
    key_type: str
    fingerprint: str


def append(path: Path, *, name: str, key: paramiko.PKey) -> None:
    """Add a server's key; it is on the disk when this returns."""
    with _locked(path) as file:
        _append(file, [_written(name, key=key)])


def enrol(path: Path, *, name: str, key: paramiko.PKey) -> Checked:
    """Add the key of a server that was unknown, unless somebody has added one meanwhile.

    Returns what is to be thought of the key now: `known` where it has been added, `changed` where
    another run took another key on trust. What others wrote by hand counts from the next run on.
    """
    line, start = _written(name, key=key), f"{name.lower()} "
    with _locked(path) as file:
        # A few milliseconds for 5,000 servers; reading each line would cost a hundred times.
        own = (_read(text) for text in _lines(file) if text.startswith(start))
        checked = KnownHosts.of(filter(None, own)).check(name, key=key)
        if checked.verdict is not Verdict.UNKNOWN:
            return checked
        _append(file, [line])
    return Checked(verdict=Verdict.KNOWN)


def propose(path: Path, *, name: str, key: paramiko.PKey) -> None:
    """Put a server's key beside known_hosts, where it waits for `approve`.

    What waited for this server and type of key is replaced: the last scan counts.
    """
    line = _written(name, key=key)
    same = f"{name.lower()} {key.get_name()} "
    with _locked(path) as file:
        waiting = _lines(_pending(file))
        if any(text.startswith(same) for text in waiting):
            others = [text for text in waiting if not text.startswith(same)]
            _replace(_pending(file), [*others, line])
        else:
            _append(_pending(file), [line])


def proposals(path: Path) -> tuple[Proposal, ...]:
    """List the keys that wait beside this known_hosts."""
    waiting = (_read(text) for text in _lines(_pending(path.resolve())))
    return tuple(_proposal(line) for line in waiting if line)


def approve(path: Path, *names: str, fingerprint: str | None = None) -> tuple[Proposal, ...]:
    """Move these servers' waiting keys, or the one with this fingerprint, to known_hosts.

    They replace the servers' keys of the same types there. Where this stops half way, the keys
    still wait, and approving again does the rest.
    """
    wanted = {name.lower() for name in names}
    with _locked(path) as file:
        waiting = _lines(_pending(file))
        chosen: dict[str, Proposal] = {}
        for text in waiting:
            line = _read(text)
            if line and line.names in wanted and fingerprint in {None, line.fingerprint}:
                chosen[text] = _proposal(line)
        for name in sorted(wanted - {proposal.name for proposal in chosen.values()}):
            raise UnknownNameError(
                kind="host key that waits for approval",
                name=f"{name} {fingerprint}" if fingerprint else name,
                known=f"`dcov keys scan {name}` asks the server for its keys",
            )
        replaced = {(proposal.name, proposal.key_type) for proposal in chosen.values()}
        kept = [_without(text, names=wanted, only=replaced) for text in _lines(file)]
        _replace(file, [*kept, *chosen])
        _replace(_pending(file), [text for text in waiting if text not in chosen])
        return tuple(chosen.values())


def forget(path: Path, *names: str) -> int:
    """Remove the keys of these servers and say how many lines they stood in.

    A name is taken out of a list of names; patterns and marked lines stay, a revocation above all.
    """
    with _locked(path) as file:
        lines = _lines(file)
        gone = {name.lower() for name in names}
        kept = [_without(text, names=gone) for text in lines]
        if kept != lines:
            _replace(file, kept)
        return sum(before != after for before, after in zip(lines, kept, strict=True))


def _written(name: str, *, key: paramiko.PKey) -> str:
    if not WRITABLE_NAME.fullmatch(name):
        raise ConfigError.about("cannot stand in known_hosts as a name", key=name)
    return f"{name.lower()} {key.get_name()} {key.get_base64()}\n"


def _read(text: str) -> Line | None:
    try:
        return Line.parse(text)
    except (ValueError, paramiko.SSHException):
        return None


def _proposal(line: Line) -> Proposal:
    return Proposal(name=line.names, key_type=line.key_type, fingerprint=line.fingerprint)


def _without(
    text: str, *, names: AbstractSet[str], only: Container[tuple[str, str]] | None = None
) -> str:
    """Take the names out of a line, or `only` those paired with its key type; may leave ""."""
    line = _read(text)
    if line is None or line.marker is not Marker.TRUSTED:
        return text
    gone = {name for name in names if only is None or (name, line.key_type) in only}
    if line.hashed:
        return "" if any(line.is_for(name) for name in gone) else text
    if gone.isdisjoint(line.plain):
        return text
    rest = [name for name in line.names.split(",") if name.lower() not in gone]
    return text.replace(line.names, ",".join(rest), 1) if rest else ""


@contextmanager
def _locked(path: Path) -> Iterator[Path]:
    """Hold the lock of the file itself: a deployed site reaches it through a link as well.

    Raises ConfigError where it cannot be had, or what is done meanwhile cannot be written.
    """
    file = path.resolve()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{file}.lock", timeout=LOCK_WITHIN, mode=PRIVATE):
            yield file
    except Timeout as error:
        message = f"another dcov has been changing it for {LOCK_WITHIN:g} s"
        raise ConfigError.about(message, file=path) from error
    except OSError as error:
        message = f"cannot be changed: {error.strerror}"
        raise ConfigError.about(message, file=path) from error


def _pending(file: Path) -> Path:
    return file.with_name(f"{file.name}.pending")


def _lines(file: Path) -> list[str]:
    """Return the lines with their ends, so that what is kept can be written as it was."""
    try:
        text = file.read_bytes().decode(errors="surrogateescape")
    except FileNotFoundError:
        return []
    lines = [f"{line}\n" for line in text.split("\n")]
    return lines[:-1] if text.endswith("\n") or not text else lines


def _append(file: Path, lines: Iterable[str]) -> None:
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, PRIVATE)
    with os.fdopen(handle, "ab") as out:
        size = os.fstat(handle).st_size
        torn = size and os.pread(handle, 1, size - 1) != b"\n"  # by an editor, or a full disk
        out.write("".join(["\n" if torn else "", *lines]).encode())
        out.flush()
        os.fsync(handle)


def _replace(file: Path, lines: Iterable[str]) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # 0600
    new = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write("".join(lines).encode(errors="surrogateescape"))
            if file.exists():
                old = file.stat()
                os.fchmod(handle, stat.S_IMODE(old.st_mode))
                with suppress(PermissionError):  # root edits an operator's file; not the reverse
                    os.fchown(handle, old.st_uid, old.st_gid)
            out.flush()
            os.fsync(handle)
        new.replace(file)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # else a power cut may bring the old file back
    finally:
        os.close(folder)
