"""A release tarball, from which exactly one file is taken."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from dataclasses import dataclass
from lzma import LZMAError
from pathlib import Path
from shutil import copyfileobj
from typing import BinaryIO

from dcov.errors import DownloadError

LIMIT = 256 * 1024 * 1024  # unpacked; node_exporter is 22 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A verified tarball on this machine; `url` is where it came from, for the errors."""

    path: Path
    url: str

    def extract(self, member: str, *, to: BinaryIO, limit: int = LIMIT) -> None:
        """Write the bytes of one regular file into `to`.

        No name in the archive is ever used as a path: neither `..` nor a link leads anywhere.
        """
        try:
            with tarfile.open(self.path, "r:*") as tar:
                info = self._find(member, tar=tar, limit=limit)
                content = tar.extractfile(info)
                if content is None:
                    raise self._refuse(f"its {member} is not a regular file")
                copyfileobj(content, to, 1024 * 1024)
        except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, LZMAError) as broken:
            raise self._refuse(f"it is not a whole archive: {broken}") from broken

    def _find(self, member: str, *, tar: tarfile.TarFile, limit: int) -> tarfile.TarInfo:
        """Return the one regular file of this name; a second one could shadow the first."""
        found: list[tarfile.TarInfo] = []
        unpacked = 0
        for info in tar:
            unpacked += info.size  # known from the header, before its content is unpacked
            if unpacked > limit:
                raise self._refuse(f"it unpacks to more than {limit} bytes")
            if info.name.removeprefix("./") == member:
                found.append(info)
        if len(found) != 1:
            raise self._refuse(f"it has {len(found) or 'no'} {member}, not exactly one")
        if not found[0].isreg():
            raise self._refuse(f"its {member} is not a regular file")
        return found[0]

    def _refuse(self, detail: str) -> DownloadError:
        return DownloadError(url=self.url, detail=detail)
