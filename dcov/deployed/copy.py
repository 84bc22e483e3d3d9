"""A controller's copy of a deployed site, and what of it the master must have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from dcov.change import unified
from dcov.config.replace import put
from dcov.config.search import FILE_NAME
from dcov.config.shared import masked, revision, shared
from dcov.config.source import Source
from dcov.errors import SiteMovedError
from dcov.ssh.session import digest

HOSTS = "known_hosts"
NAMES = (FILE_NAME, HOSTS)
BASE = ".dcov-base"  # the folder beside the configuration with what the master had last

Texts = Mapping[str, str]  # the text of each of NAMES; "" where there is no such file
EMPTY = digest(b"")
# Every step of a deploy asks for it anew.
_shared = lru_cache(maxsize=4)(shared)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a glance shows of one of the site's files on the master: its digest, and its place.

    `placed` is whether it lies in fleet/, with a link to it where it used to lie.
    """

    sha256: str
    placed: bool

    @classmethod
    def read(cls, lines: Iterable[str]) -> Mapping[str, Seen]:
        """Read what seen-site.sh prints, by name; what is not there is missing."""
        rows = (line.split() for line in lines)
        return {name: cls(sha256=sha256, placed=where == "placed") for name, sha256, where in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """The site's files on this machine: as they lie here, and without what stays here.

    `base` is what the master had when the two were last alike; None where they never were.
    """

    path: Path
    own: Texts
    shared: Texts
    base: Texts | None

    @classmethod
    def at(cls, path: Path) -> Copy:
        """Read the copy that this configuration belongs to."""
        own = {
            FILE_NAME: Source.read(path).text,
            HOSTS: _text(path.absolute().parent / HOSTS),
        }
        base = {name: _text(_base(path) / name) for name in NAMES}
        return cls(
            path=path,
            own=MappingProxyType(own),
            shared=MappingProxyType({**own, FILE_NAME: _shared(own[FILE_NAME], file=path)}),
            base=MappingProxyType(base) if base[FILE_NAME] else None,
        )

    @property
    def revision(self) -> str:
        """The state of the site as this copy has it."""
        return revision_of(self.shared)

    @property
    def base_revision(self) -> str:
        """The state that this copy came from; empty where it was never on the master."""
        return revision_of(self.base) if self.base else ""

    def moved(self, theirs: Texts) -> tuple[str, ...]:
        """Name the files that the master has otherwise than this copy does or came from."""
        base = self.base or dict.fromkeys(NAMES, "")
        return tuple(
            name
            for name in NAMES
            if theirs[name] and theirs[name] not in (self.shared[name], base[name], self.own[name])
        )

    def news(self, seen: Mapping[str, Seen]) -> bool:
        """Whether a glance shows what this copy neither has nor came from."""
        base = self.base or dict.fromkeys(NAMES, "")
        return any(
            item.sha256
            not in {EMPTY, *map(_digest, (self.shared[name], base[name], self.own[name]))}
            for name, item in seen.items()
        )

    def stands(self, seen: Mapping[str, Seen]) -> bool:
        """Whether a glance shows that the master has just this copy, and the copy knows it."""
        return self.base == self.shared and all(
            name in seen and seen[name].placed and seen[name].sha256 == _digest(self.shared[name])
            for name in NAMES
        )

    def check(self, theirs: Texts, *, server: str) -> None:
        """Raise SiteMovedError where somebody else has changed the site since."""
        if self.moved(theirs):
            raise SiteMovedError(
                server=server,
                theirs=revision_of(theirs),
                base=self.base_revision or "none",
                diff="\n".join(self.difference(theirs)),
            )

    def difference(self, theirs: Texts) -> tuple[str, ...]:
        """Return the lines that differ: `-` on the master, `+` here; passwords are masked."""
        lines: list[str] = []
        for name in NAMES:
            other = theirs[name]
            if name == FILE_NAME and other:
                other = masked(other, file=self.path)
            diff = unified(name, old=other, new=self.shared[name])
            lines += (f"--- {name} on the master", f"+++ {name} here", *diff) if diff else ()
        return tuple(lines)

    def standing(self, theirs: Texts, *, server: str) -> str:
        """Say which revision is where, and what to do about it."""
        if not any(theirs.values()):
            return f"{server} has no site yet; `dcov config push` writes it"
        here = f"{server} has revision {revision_of(theirs)}"
        if self.moved(theirs):
            base = f"revision {self.base_revision}" if self.base else "none of it"
            return f"{here}, this copy came from {base}; `dcov config pull` merges it"
        if theirs == self.shared:
            return f"{here}, as this copy does"
        return f"{here}, and this copy was changed since; `dcov config push` writes it"

    def agreed(self, texts: Texts) -> None:
        """Remember that the master has these texts and that this copy holds all that is in them."""
        folder = _base(self.path)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in NAMES:
            if _text(folder / name) != texts[name]:
                put(folder / name, text=texts[name])


def revision_of(texts: Texts) -> str:
    """Return the name of this state of a site's files."""
    return revision("\0".join(texts[name] for name in NAMES))


def _base(path: Path) -> Path:
    """Return the folder for this configuration: several may lie beside each other."""
    return path.absolute().parent / BASE / path.name


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def _digest(text: str) -> str:
    return digest(text.encode())
