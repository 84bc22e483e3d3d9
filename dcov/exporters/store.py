"""A folder of verified contents, each under its own SHA-256, shared by threads and processes."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp

from filelock import FileLock

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Store:
    """Contents that are what their name says, and what was once learned about them.

    A content is hashed again when a Store first uses it (12 ms for 20 MB), and after any change of
    its file. Nothing enters but by one rename of a file that was hashed.

        blobs/SHA256     a content
        partial/NAME     a content on its way in
        notes/KIND/NAME  a digest that was learned
        locks/NAME       held while NAME is worked on
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._checked: dict[Path, tuple[int, int, int]] = {}

    def path(self, sha256: str) -> Path:
        """Return where this content lies, or would lie."""
        return self.folder / "blobs" / sha256

    def has(self, sha256: str) -> bool:
        """Whether the content is here and undamaged; a damaged one waits to be replaced."""
        blob = self.path(sha256)
        try:
            seen = _signature(blob)
        except FileNotFoundError:
            return False
        if self._checked.get(blob) != seen:
            if digest(blob) != sha256:
                return False
            self._checked[blob] = seen
        return True

    def enter(self, file: Path, *, sha256: str) -> None:
        """Move a file to its place; the caller has hashed it."""
        blob = self._place("blobs", sha256)
        with file.open("rb") as content:
            os.fsync(content.fileno())  # or a power cut leaves the name without the content
        file.replace(blob)
        self._checked[blob] = _signature(blob)

    def partial(self, name: str) -> Path:
        """Return where a download under way lies, so that the next attempt can resume it."""
        return self._place("partial", name)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give an empty file that is gone afterwards, unless it has entered."""
        handle, name = mkstemp(dir=self._place("partial"))
        os.close(handle)
        try:
            Path(name).chmod(0o644)
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def note(self, kind: str, name: str) -> str | None:
        """Return a digest that was learned earlier and can still be read."""
        try:
            text = (self.folder / "notes" / kind / name).read_text(errors="replace")
        except OSError:
            return None
        return text if _SHA256.fullmatch(text) else None

    def learn(self, kind: str, name: str, sha256: str) -> None:
        """Note a digest for the next time."""
        with self.scratch() as file:
            file.write_text(sha256)
            file.replace(self._place(f"notes/{kind}", name))

    @contextmanager
    def alone(self, name: str, *, within: float) -> Iterator[None]:
        """Hold the lock of this name against all threads and processes.

        A lock object for each call: flock(2) belongs to the open file, so that threads exclude one
        another too. Raises filelock.Timeout.
        """
        with FileLock(self._place("locks", name), timeout=within):
            yield

    def _place(self, folder: str, name: str = "") -> Path:
        place = self.folder / folder
        place.mkdir(parents=True, exist_ok=True)
        return place / name


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _signature(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns
