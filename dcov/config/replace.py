"""Files of a site written at once: whoever reads them sees the old text or the new one."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dcov.config.source import Source
from dcov.errors import ConfigError

ONLY_MINE = 0o600


@contextmanager
def editing(path: Path) -> Iterator[Path]:
    """Let one edit at a time into the file's folder; the lock leaves no file behind."""
    file = path.resolve()  # a link stays a link: what it leads to is replaced
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield path
    finally:
        os.close(folder)


def replace(source: Source, *, text: str) -> None:
    """Put a new text in the place of one that was read; owner and mode stay.

    Raises ConfigError where somebody else changed the file since.
    """
    file = source.file.resolve()
    with _staged(file, text=text, mode=source.mode) as new:
        status = file.stat()
        if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(new, status.st_uid, status.st_gid)
        if Source.read(source.file) != source:
            raise _refusal(source.file, "was changed by somebody else meanwhile")
        new.replace(file)


def create(file: Path, *, text: str, mode: int = ONLY_MINE) -> None:
    """Make a file that is not there yet; raises ConfigError where one is."""
    with _staged(file, text=text, mode=mode) as new:
        try:
            file.hardlink_to(new)
        except FileExistsError:
            raise _refusal(file, "is there already") from None


def put(file: Path, *, text: str) -> None:
    """Make a file have this text, whether it was there or not; only its owner can read it."""
    with _staged(file, text=text, mode=ONLY_MINE) as new:
        new.replace(file)


@contextmanager
def _staged(file: Path, *, text: str, mode: int) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    new = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            os.fchmod(stream.fileno(), mode)
            stream.write(text.encode())
            stream.flush()
            os.fsync(stream.fileno())
        yield new
    finally:
        new.unlink(missing_ok=True)


def _refusal(file: Path, message: str) -> ConfigError:
    said = f"{message}; nothing was written"
    return ConfigError.about(said, file=file)
