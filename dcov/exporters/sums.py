"""The checksum file of a release: `sha256sums.txt`, `SHA256SUMS`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dcov.errors import DownloadError

# sha256sum(1): the digest, a space, then a space or an asterisk, then the name.
_LINE = re.compile(r"(?P<digest>[0-9a-fA-F]{64}) [ *](?:\./)?(?P<file>.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """A release's checksum file, and where it was read."""

    url: str
    text: str

    def digest(self, file: str) -> str:
        """Return the SHA-256 of the file that bears exactly this name.

        No line and two lines are both refused. Searching by a part of the name picked the wrong
        line in cloudalchemy/ansible-prometheus#356 and ansible-node-exporter#146.
        """
        lines = (_LINE.fullmatch(line.rstrip()) for line in self.text.splitlines())
        found = [line["digest"].lower() for line in lines if line and line["file"] == file]
        if len(found) != 1:
            detail = f"it has {len(found) or 'no'} lines for {file}, not exactly one"
            raise DownloadError(url=self.url, detail=detail)
        return found[0]
