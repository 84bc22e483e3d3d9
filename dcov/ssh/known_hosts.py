"""OpenSSH's known_hosts files, read once and asked by server name.

paramiko's own reader does not know the lines that begin with a marker. A name here is what ssh
calls HostKeyAlias: the server's name in the fleet, whatever its address and port.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Self

import paramiko

from dcov.errors import ConfigError
from dcov.ssh.host_certificate import CERTIFICATE_TYPES, HostCertificate

HASHED = "|1|"


class Verdict(StrEnum):
    """What is to be thought of a host key."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    CHANGED = "changed"
    REVOKED = "revoked"


class Marker(StrEnum):
    """What a line says of its key."""

    TRUSTED = ""
    AUTHORITY = "@cert-authority"
    REVOKED = "@revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One key of a known_hosts file and the names that it is for."""

    file: Path
    number: int
    marker: Marker
    names: str
    key_type: str
    blob: bytes

    @classmethod
    def parse(cls, text: str, *, file: Path = Path(), number: int = 0) -> Self:
        """Read one line; ValueError where ssh would skip it."""
        words = text.split()
        marker = Marker(words.pop(0)) if text.lstrip().startswith("@") else Marker.TRUSTED
        if len(words) < 3:  # noqa: PLR2004 - names, type and key; a comment may follow
            raise ValueError("too few words")
        names, key_type, encoded = words[:3]
        blob = base64.b64decode(encoded, validate=True)
        if paramiko.Message(blob).get_binary() != key_type.encode():
            raise ValueError("the key is of another type than the line says")
        return cls(
            file=file, number=number, marker=marker, names=names, key_type=key_type, blob=blob
        )

    @property
    def hashed(self) -> bool:
        """Whether the name can only be tried, not read."""
        return self.names.startswith(HASHED)

    @property
    def plain(self) -> tuple[str, ...]:
        """The names, where none is a pattern, a negation or hashed."""
        special = self.hashed or any(character in self.names for character in "*?!")
        return () if special else tuple(self.names.lower().split(","))

    @property
    def fingerprint(self) -> str:
        """The key's fingerprint as OpenSSH prints it."""
        return fingerprint(self.blob)

    def is_for(self, name: str) -> bool:
        """Whether this line speaks of the server with this name."""
        if self.hashed:
            return _hash_matches(self.names, name.lower())
        patterns = self.names.split(",")
        refused = any(_matches(p[1:], name) for p in patterns if p.startswith("!"))
        return not refused and any(_matches(p, name) for p in patterns if not p.startswith("!"))

    def __str__(self) -> str:
        return f"{self.file}:{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A verdict, what is known instead of the key shown, and the lines that say so."""

    verdict: Verdict
    known: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownHosts:
    """The host keys that a run trusts; loaded once, shared by all workers.

    Plain names cost one look into a dict. Hashed names cost an HMAC a line, so that they are
    tried only where the others do not settle the matter; a hashed `@revoked` is always tried.
    `skipped` names the lines that could not be read, which ssh skips without a word.
    """

    plain: Mapping[str, tuple[Line, ...]]
    tried: tuple[Line, ...]
    hashed: tuple[Line, ...]
    skipped: tuple[str, ...]

    @classmethod
    def load(cls, *paths: Path) -> Self:
        """Read these files; one that does not exist knows nobody."""
        lines: list[Line] = []
        skipped: list[str] = []
        for path in paths:
            for number, text in _meaningful(path):
                try:
                    lines.append(Line.parse(text, file=path, number=number))
                except (ValueError, binascii.Error, paramiko.SSHException) as error:
                    skipped.append(f"{path}:{number}: {error}")
        return cls.of(lines, skipped=skipped)

    @classmethod
    def of(cls, lines: Iterable[Line], *, skipped: Iterable[str] = ()) -> Self:
        """Index these lines."""
        plain: dict[str, list[Line]] = {}
        tried: list[Line] = []
        hashed: list[Line] = []
        for line in lines:
            for name in line.plain:
                plain.setdefault(name, []).append(line)
            if not line.plain:
                late = line.hashed and line.marker is Marker.TRUSTED
                (hashed if late else tried).append(line)
        return cls(
            plain=MappingProxyType({name: tuple(found) for name, found in plain.items()}),
            tried=tuple(tried),
            hashed=tuple(hashed),
            skipped=tuple(skipped),
        )

    def key_types(self, name: str) -> tuple[str, ...]:
        """All key types that are known for a name, to be offered first and in this order.

        Not only the first one: the server may lack it (paramiko#2411). Where an authority signs
        for the name, the certificate types come before all others, or the server would show its
        bare key.
        """
        first = self._first(name)
        signed = any(line.marker is Marker.AUTHORITY for line in first)
        trusted = _trusted_types(first) or _trusted_types(self._late(name))
        return (*(CERTIFICATE_TYPES if signed else ()), *trusted)

    def trusted(self, name: str) -> tuple[Line, ...]:
        """The keys that are trusted for a name by themselves; not what an authority would sign."""
        lines = (*self._first(name), *self._late(name))
        revoked = {line.blob for line in lines if line.marker is Marker.REVOKED}
        return tuple(
            line for line in lines if line.marker is Marker.TRUSTED and line.blob not in revoked
        )

    def check(self, name: str, *, key: paramiko.PKey) -> Checked:
        """Judge the key, and the certificate if it has one, that a server of this name shows.

        As ssh does: a name that is known only by keys of other types is `changed`, not new. In
        one thing we are stricter: so is a name whose own authority signed a certificate that
        does not hold, where ssh goes on as if there were none and would accept a new server.
        """
        lines = self._first(name)
        checked = _judge(lines, name=name, key=key)
        if checked.verdict in {Verdict.KNOWN, Verdict.REVOKED}:
            return checked
        return _judge((*lines, *self._late(name)), name=name, key=key)

    def _first(self, name: str) -> tuple[Line, ...]:
        matching = (line for line in self.tried if line.is_for(name))
        return (*self.plain.get(name.lower(), ()), *matching)

    def _late(self, name: str) -> tuple[Line, ...]:
        return tuple(line for line in self.hashed if line.is_for(name))


def _trusted_types(lines: Iterable[Line]) -> tuple[str, ...]:
    trusted = (line.key_type for line in lines if line.marker is Marker.TRUSTED)
    return tuple(dict.fromkeys(trusted))


def _judge(lines: tuple[Line, ...], *, name: str, key: paramiko.PKey) -> Checked:
    certificate = HostCertificate.of(key)
    signer = certificate.signer if certificate else None
    shown = key.asbytes()
    by: dict[Marker, list[Line]] = {marker: [] for marker in Marker}
    for line in lines:
        by[line.marker].append(line)
    if revoked := [line for line in by[Marker.REVOKED] if line.blob in (shown, signer)]:
        return _checked(Verdict.REVOKED, revoked)
    authorities = [line for line in by[Marker.AUTHORITY] if line.blob == signer]
    fault = certificate.fault(name) if certificate and authorities else ""
    if authorities and not fault:
        return _checked(Verdict.KNOWN, authorities)
    if same := [line for line in by[Marker.TRUSTED] if line.blob == shown]:
        return _checked(Verdict.KNOWN, same)
    if fault:  # its own authority signed it, and not for this: no stranger, and not to be let in
        known = tuple(f"the certificate of {line.fingerprint} {fault}" for line in authorities)
        return Checked(verdict=Verdict.CHANGED, known=known, places=_places(authorities))
    trusted = by[Marker.TRUSTED]
    return _checked(Verdict.CHANGED if trusted else Verdict.UNKNOWN, trusted)


def _checked(verdict: Verdict, lines: list[Line]) -> Checked:
    known = tuple(dict.fromkeys(line.fingerprint for line in lines))
    return Checked(verdict=verdict, known=known, places=_places(lines))


def _places(lines: list[Line]) -> tuple[str, ...]:
    return tuple(str(line) for line in lines)


def fingerprint(blob: bytes) -> str:
    """Return the SHA256 fingerprint of a public key as OpenSSH prints it."""
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode()
    return f"SHA256:{digest.rstrip('=')}"


def _meaningful(path: Path) -> Iterable[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigError.about(f"cannot be read: {error.strerror}", file=path) from error
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line


def _matches(pattern: str, name: str) -> bool:
    """Match as OpenSSH does: `*` and `?` alone are special, and the case of letters is not."""
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern.lower())
    return re.fullmatch("".join(parts), name.lower(), re.DOTALL) is not None


def _hash_matches(names: str, name: str) -> bool:
    try:
        salt, digest = (base64.b64decode(part) for part in names[len(HASHED) :].split("|"))
    except ValueError:
        return False
    return hmac.compare_digest(hmac.digest(salt, name.encode(), "sha1"), digest)
