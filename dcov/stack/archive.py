"""A backup as one file: a tar of tars, and a list that says what is in it."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Self

from dcov.errors import ArchiveError

FORMAT = 1
LIST = "manifest.json"
BLOCK = 512  # bytes, of which a tar is made
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One tar of the archive; `labels` are those of a volume."""

    name: str
    sha256: str
    size: int
    volume: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What an archive holds, when it was made, and from what; `images` are by container."""

    site: str
    made: str
    dcov: str
    kind: str
    images: Mapping[str, str]
    parts: tuple[Part, ...]

    @classmethod
    def read(cls, file: Path, *, kind: str) -> Self:
        """Read the list of an archive of this kind; raises ArchiveError for anything else."""
        with _refusing(file), tarfile.open(file) as tar:
            member = tar.extractfile(LIST)
            data: dict[str, Any] = json.load(member) if member else {}
            if data.pop("format", None) != FORMAT or data["kind"] != kind:
                raise ArchiveError(file=file, detail=f"it is no {kind} that this dcov reads")
            parts = tuple(Part(**item) for item in data.pop("parts"))
            return cls(**data, parts=parts)


class Writing:
    """An archive under way: parts of a size that is known only at their end."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.parts: list[Part] = []

    def part(
        self,
        name: str,
        *,
        fill: Callable[[Callable[[bytes], None]], object],
        volume: str = "",
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Add a part; `fill` is given the function that takes its bytes."""
        hashed, size, start = sha256(), 0, self._out.tell()
        self._out.write(bytes(BLOCK))

        def write(data: bytes) -> None:
            nonlocal size
            hashed.update(data)
            size += len(data)
            self._out.write(data)

        fill(write)
        self._end(name, start=start, size=size)
        digest = hashed.hexdigest()
        self.parts.append(
            Part(name=name, sha256=digest, size=size, volume=volume, labels=labels or {})
        )

    def finish(self, contents: Contents) -> None:
        """Add the list, and the end of the tar."""
        text = json.dumps({"format": FORMAT, **asdict(contents)}, indent=1).encode()
        start = self._out.tell()
        self._out.write(bytes(BLOCK) + text)
        self._end(LIST, start=start, size=len(text))
        self._out.write(bytes(2 * BLOCK))

    def _end(self, name: str, *, start: int, size: int) -> None:
        """Fill up the last block, and write the header now that the size is known."""
        self._out.write(bytes(-size % BLOCK))
        head = tarfile.TarInfo(name)
        head.size, head.mode = size, 0o600
        self._out.seek(start)
        self._out.write(head.tobuf(tarfile.GNU_FORMAT))
        self._out.seek(0, os.SEEK_END)


@contextmanager
def writing(file: Path) -> Iterator[Writing]:
    """Write an archive, yours alone; `file` is there only once it is whole."""
    partial = file.with_name(f".{file.name}.part")
    with _refusing(file):
        partial.unlink(missing_ok=True)
        opened = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        try:
            with open(opened, "w+b") as out:  # noqa: PTH123  # a descriptor
                yield Writing(out)
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)


def unpack(file: Path, *, parts: tuple[Part, ...], to: Path) -> dict[str, Path]:
    """Put parts into files of this folder, by name; raises ArchiveError where one is damaged."""
    found: dict[str, Path] = {}
    with _refusing(file), tarfile.open(file) as tar:
        for number, part in enumerate(parts):
            found[part.name] = path = to / f"{number}.tar"
            member = tar.extractfile(part.name)
            hashed = sha256()
            with path.open("wb") as out:
                while member and (data := member.read(CHUNK)):
                    hashed.update(data)
                    out.write(data)
            if hashed.hexdigest() != part.sha256:
                raise ArchiveError(file=file, detail=f"{part.name} is damaged")
    return found


@contextmanager
def _refusing(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArchiveError(file=file, detail=error.strerror or str(error)) from error
    except (tarfile.TarError, ValueError, KeyError, TypeError) as error:
        raise ArchiveError(file=file, detail=str(error)) from error
