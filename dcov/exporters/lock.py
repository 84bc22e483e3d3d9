"""The lock file: which version of each exporter is installed, and what its files hash to."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, ClassVar, Self

from pydantic import ConfigDict, StringConstraints, TypeAdapter, ValidationError

from dcov.errors import ChecksumError, ConfigError, Problem, UnknownNameError
from dcov.exporters.artifact import Arch, Artifact, Release
from dcov.exporters.depot import Depot
from dcov.exporters.version import normalise

NAME = "exporters.lock.toml"  # a site's own, beside its fleet-config.yaml

_Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_Version = Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)*(-[0-9A-Za-z.-]+)?$")]
_HEADER = "# Written by `dcov exporters lock`: versions, and the SHA-256 of their release files.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """What one release file must hash to, and where that was found."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(defer_build=True, extra="forbid")

    exporter: str
    version: _Version
    arch: Arch
    sha256: _Sha256
    binary_sha256: _Sha256 | None = None  # of the binary inside, so that a rerun needs no download
    found: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, Arch]:
        """What there is one pin for."""
        return self.exporter, self.version, self.arch


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The versions to install where nobody names another, and the pins of these and others."""

    versions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    pins: tuple[Pin, ...] = ()

    @classmethod
    def load(cls, *paths: Path) -> Self:
        """Read dcov's own lock, then these; a later one wins, a missing one is skipped."""
        shipped = files("dcov.exporters").joinpath("lock.toml").read_text(encoding="utf-8")
        lock = cls._parse(shipped, file=None)
        for path in paths:
            lock |= cls.read(path)
        return lock

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read one lock file alone; an empty lock where there is none."""
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return cls()
        except (OSError, UnicodeDecodeError) as refused:
            raise ConfigError.about(str(refused), file=path) from refused
        return cls._parse(text, file=path)

    @classmethod
    def _parse(cls, text: str, *, file: Path | None) -> Self:
        try:
            content = TypeAdapter(_Content).validate_python(tomllib.loads(text))
        except tomllib.TOMLDecodeError as broken:
            place = re.search(r"line (\d+), column (\d+)", str(broken))  # or: at end of document
            line, column = map(int, place.groups()) if place else (text.count("\n") + 1, 1)
            raise ConfigError.about(str(broken), file=file, line=line, column=column) from broken
        except ValidationError as broken:
            raise ConfigError(problems=tuple(_problems(broken, text=text, file=file))) from broken
        return cls(versions=MappingProxyType(content.versions), pins=content.artifact)

    def __or__(self, other: Self) -> Self:
        pins = {pin.key: pin for pin in (*self.pins, *other.pins)}
        versions = MappingProxyType({**self.versions, **other.versions})
        return replace(self, versions=versions, pins=tuple(pins.values()))

    def artifact(self, release: Release, *, arch: Arch, version: str | None = None) -> Artifact:
        """Return the file to install, pinned if this lock knows its digest."""
        version = normalise(version or self.version(release.exporter))
        pin = next((pin for pin in self.pins if pin.key == (release.exporter, version, arch)), None)
        return release.artifact(
            version,
            arch=arch,
            sha256=pin.sha256 if pin else None,
            member_sha256=pin.binary_sha256 if pin else None,
        )

    def version(self, exporter: str) -> str:
        """Return the version that is installed where nobody names another."""
        if exporter not in self.versions:
            nearest = tuple(get_close_matches(exporter, self.versions))
            known = f"the lock file has {', '.join(self.versions) or 'none'}"
            raise UnknownNameError(kind="exporter", name=exporter, nearest=nearest, known=known)
        return self.versions[exporter]

    def write(self, path: Path) -> None:
        """Replace the file in one step."""
        new = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with new.open("w", encoding="utf-8") as file:
                file.writelines(self._lines())
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        except OSError as refused:
            raise ConfigError.about(str(refused), file=path) from refused
        finally:
            with suppress(OSError):
                new.unlink()

    def _lines(self) -> Iterator[str]:
        yield _HEADER
        yield "\n[versions]\n"
        for exporter, version in sorted(self.versions.items()):
            yield f"{_toml(exporter)} = {_toml(version)}\n"
        for pin in sorted(self.pins, key=lambda pin: pin.key):
            yield "\n[[artifact]]\n"
            yield f"exporter = {_toml(pin.exporter)}\n"
            yield f"version = {_toml(pin.version)}\n"
            yield f"arch = {_toml(pin.arch.value)}\n"
            yield f"sha256 = {_toml(pin.sha256)}\n"
            if pin.binary_sha256:
                yield f"binary_sha256 = {_toml(pin.binary_sha256)}\n"
            yield "found = [\n" + "".join(f"    {_toml(place)},\n" for place in pin.found) + "]\n"


def lock_release(
    release: Release, *, version: str, into: Path, depot: Depot, binaries: bool = True
) -> Lock:
    """Pin a version for every architecture by the release's own sums file, and make it the one.

    With `binaries` the files are fetched too, so that the digests of the binaries inside are known
    and a rerun that changes nothing needs no download. Other entries of `into` stay. A release
    whose sums file contradicts what is pinned already, by us or in `into`, is refused.
    """
    version = normalise(version)
    before = Lock.load(into)
    pins = []
    for arch in release.arches:
        artifact = before.artifact(release, arch=arch, version=version)
        sums = depot.sums(artifact)
        sha256 = sums.digest(artifact.file)
        if artifact.sha256 not in {None, sha256}:
            expected = str(artifact.sha256)
            raise ChecksumError(what=artifact.url, expected=expected, actual=sha256)
        artifact = release.artifact(version, arch=arch, sha256=sha256)
        pins.append(
            Pin(
                exporter=release.exporter,
                version=version,
                arch=arch,
                sha256=sha256,
                binary_sha256=depot.fetch(artifact).sha256 if binaries else None,
                found=(sums.url,),
            )
        )
    new = Lock(versions=MappingProxyType({release.exporter: version}), pins=tuple(pins))
    lock = Lock.read(into) | new
    lock.write(into)
    return lock


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """A lock file as it is written."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(defer_build=True, extra="forbid")

    versions: dict[str, _Version] = field(default_factory=dict)
    artifact: tuple[Pin, ...] = ()


def _problems(broken: ValidationError, *, text: str, file: Path | None) -> Iterator[Problem]:
    """Say what is wrong in each entry; tomllib keeps no lines, so an entry's header is found."""
    heads = [
        number for number, line in enumerate(text.splitlines(), 1) if line.strip() == "[[artifact]]"
    ]
    for error in broken.errors():
        place = error["loc"]
        index = next((part for part in place if isinstance(part, int)), None)
        line = heads[index] if index is not None and index < len(heads) else 1
        key = ".".join(str(part) for part in place)
        yield Problem(file=file, line=line, column=1, key=key, message=error["msg"])


def _toml(text: str) -> str:
    """Write a TOML basic string, whose escapes are JSON's."""
    return json.dumps(text, ensure_ascii=False)
