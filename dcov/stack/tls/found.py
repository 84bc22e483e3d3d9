"""What the master says of certificates and keys on it: see probe-certificates.sh."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from dcov.errors import UnfitServerError
from dcov.ssh.command import Argv, Finished
from dcov.ssh.scripts import remote

Place = tuple[PurePosixPath, PurePosixPath]  # of a certificate and its key


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A certificate, empty where there is none, and the public half of its key.

    `key` is `absent` or `unreadable` where nothing more can be said.
    """

    certificate: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The pairs that were asked for, and the moment that the metric gives for the end."""

    pairs: tuple[Pair, ...]
    metric: str

    def says(self, ends: float) -> bool:
        """Whether the metric gives this moment."""
        return self.metric.split()[1:] == [f"{ends:.0f}"]


def probe(*places: Place, metrics: PurePosixPath) -> Argv:
    """Ask for these pairs."""
    paths = [str(path) for place in places for path in place]
    return ("sh", "-c", remote("probe-certificates.sh"), "sh", str(metrics), *paths)


def read(found: Finished) -> Found:
    """Take the answer apart; raises UnfitServerError where there is no openssl."""
    metric, *pairs = f"\n{found.stdout}".split("\n-- certificate\n")
    made = []
    for text in pairs:
        certificate, _, key = text.partition("\n-- key\n")
        if key.strip() == "no openssl":
            raise UnfitServerError(what="a certificate", needs="openssl", has="none")
        made.append(Pair(certificate=certificate.strip(), key=key.strip()))
    return Found(pairs=tuple(made), metric=metric.partition("-- metrics\n")[2])
