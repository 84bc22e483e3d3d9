"""One file of the site as it lies on disk: its text, its owner, who may write it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from dcov.errors import ConfigError

OTHERS_READ = stat.S_IRGRP | stat.S_IROTH
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file's text with what the open file itself said about owner and mode.

    Both are read from one descriptor, so nobody can put another file in between.
    """

    file: Path
    text: str
    owner: int
    mode: int

    @classmethod
    def read(cls, file: Path) -> Source:
        """Read the file, or raise a ConfigError that says why it cannot be read."""
        try:
            with file.open("rb") as stream:
                status = os.fstat(stream.fileno())
                raw = stream.read()
        except OSError as error:
            raise ConfigError.about(f"cannot be read: {error.strerror}", file=file) from error
        text = decoded(raw, file=file)
        return cls(file=file, text=text, owner=status.st_uid, mode=stat.S_IMODE(status.st_mode))

    @property
    def folder(self) -> Path:
        """Where relative paths in this file start; links are not followed."""
        return self.file.absolute().parent

    @property
    def mine(self) -> bool:
        """Whether who reads it also owns it."""
        return self.owner == os.geteuid()

    @property
    def open_to_readers(self) -> bool:
        """Whether its group or everybody may read it."""
        return bool(self.mode & OTHERS_READ)

    @property
    def open_to_writers(self) -> bool:
        """Whether its group or everybody may write it."""
        return bool(self.mode & OTHERS_WRITE)


def decoded(raw: bytes, *, file: Path) -> str:
    """Return the text of a file that was read; raises ConfigError at what is not UTF-8."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        head = raw[: error.start].decode()
        line, column = head.count("\n") + 1, len(head) - head.rfind("\n")
        raise ConfigError.about("is not UTF-8", file=file, line=line, column=column) from error
