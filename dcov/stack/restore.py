"""A site as a backup has it, on a master that has lost it."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Self

import yaml

from dcov.context import Preparing
from dcov.converge.resource import Resource
from dcov.deployed import INNER, NAMES
from dcov.errors import ArchiveError
from dcov.home import expanded
from dcov.resources import FilledVolume, Image, Services, SharedNetwork, Unpacked
from dcov.resources.services import DIGEST
from dcov.stack.archive import Contents, unpack
from dcov.stack.backup import FILES, FOLDERS, KIND
from dcov.stack.paths import COMPOSE_FILE, HOME
from dcov.stack.scratch import Scratch
from dcov.stack.stack import PROJECT, SHARED, SHARED_GATEWAY, SHARED_SUBNET
from dcov.stack.survey import SITE

# The site itself: the copy that restores it is the newer one, and the next deploy writes it.
OWN = (HOME / INNER, *(HOME / name for name in NAMES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoring:
    """A backup, unpacked into `scratch` on this machine, and what is to run of it."""

    contents: Contents
    files: dict[str, Path]
    services: dict[str, str]
    images: tuple[str, ...]
    scratch: Scratch

    @classmethod
    def prepare(cls, preparing: Preparing, *, source: Path) -> Self:
        """Read the archive and check every digest; raises ArchiveError."""
        file = expanded(source)
        contents = Contents.read(file, kind=KIND)
        preparing.note(f"{file.name}: {contents.site}, {contents.made}, dcov {contents.dcov}")
        scratch = Scratch()
        files = unpack(file, parts=contents.parts, to=scratch.folder)
        services = _services(files[FILES], file=file)
        return cls(
            contents=contents,
            files=files,
            services={name: item["labels"][DIGEST] for name, item in services.items()},
            images=tuple(item["image"] for item in services.values()),
            scratch=scratch,
        )

    def resources(self) -> tuple[Resource, ...]:
        """Return what brings all of it back, and lets it run."""
        parts = {part.name: part for part in self.contents.parts}
        network = SharedNetwork(
            name=SHARED,
            subnet=SHARED_SUBNET,
            gateway=SHARED_GATEWAY,
            label=f"{SITE}={self.contents.site}",
        )
        volumes = (
            FilledVolume(
                name=part.volume,
                labels=part.labels,
                source=self.files[part.name],
                sha256=part.sha256,
            )
            for part in self.contents.parts
            if part.volume
        )
        return (
            *(Image(name=name) for name in dict.fromkeys(self.images)),
            *volumes,
            Unpacked(source=self.files[FILES], sha256=parts[FILES].sha256, without=OWN),
            network,
            Services(project=PROJECT, file=COMPOSE_FILE, digests=self.services),
        )


def _services(files: Path, *, file: Path) -> dict[str, Any]:
    """Return the services of the compose file in the archive."""
    try:
        with tarfile.open(files) as tar:
            for name in tar.getnames():
                if not any(_within(f"/{name}", folder) for folder in FOLDERS):
                    raise ArchiveError(file=file, detail=f"/{name} is none of the stack's files")
            member = tar.extractfile(str(COMPOSE_FILE).lstrip("/"))
            assert member is not None  # a regular file
            services: dict[str, Any] = yaml.safe_load(member.read())["services"]
    except KeyError:
        raise ArchiveError(file=file, detail=f"it holds no {COMPOSE_FILE}") from None
    return services


def _within(path: str, folder: PurePosixPath) -> bool:
    return PurePosixPath(path).is_relative_to(folder) and ".." not in path.split("/")
