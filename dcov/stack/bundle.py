"""All that a site without internet needs, in one file."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Self

from dcov import __version__
from dcov.context import Context, Preparing
from dcov.converge.resource import Resource
from dcov.errors import DownloadError
from dcov.exporters import Installation
from dcov.exporters.depot import Depot
from dcov.home import expanded
from dcov.inventory.site import Site
from dcov.resources import LoadedImage
from dcov.stack.archive import Contents, Writing, unpack, writing
from dcov.stack.component import COMPONENTS
from dcov.stack.scratch import Scratch

KIND = "bundle"
ARTIFACTS, TEMPLATES = "artifacts.tar", "templates.tar"
HOUR = 3600.0
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundling:
    """The exporters' files and the templates of a site, each as a tar in `scratch`."""

    site: Site
    tars: dict[str, Path]
    scratch: Scratch

    @classmethod
    def prepare(cls, preparing: Preparing, **params: Any) -> Self:
        """Fetch the exporters for every architecture; what cannot be had is noted."""
        del params
        scratch, site = Scratch(), preparing.fleet
        tars = {name: scratch.folder / name for name in (ARTIFACTS, TEMPLATES)}
        if not preparing.planning:
            _pack_artifacts(preparing, to=tars[ARTIFACTS])
            _pack_templates(site, to=tars[TEMPLATES])
        return cls(site=site, tars=tars, scratch=scratch)

    def write(self, ctx: Context, *, to: Path) -> Contents:
        """Write the bundle; images are those of the server's engine, which pulls what it lacks."""
        settings = self.site.settings
        images = {item.name: item.image(settings) for item in COMPONENTS if item.on(settings)}
        with writing(to) as archive:
            for component, image in images.items():
                _image(ctx, archive, component=component, image=image)
            for name, path in self.tars.items():
                archive.part(name, fill=partial(_copy, path))
            contents = Contents(
                site=self.site.name,
                made=datetime.now(tz=UTC).isoformat(timespec="seconds"),
                dcov=__version__,
                kind=KIND,
                images=images,
                parts=tuple(archive.parts),
            )
            archive.finish(contents)
        return contents


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle, unpacked into `scratch` on this machine."""

    contents: Contents
    files: dict[str, Path]
    scratch: Scratch

    @classmethod
    def prepare(cls, preparing: Preparing, *, source: Path) -> Self:
        """Check every digest, and put the exporters' files where they would have been fetched to.

        Raises ArchiveError.
        """
        file = expanded(source)
        contents = Contents.read(file, kind=KIND)
        preparing.note(f"{file.name}: {contents.site}, {contents.made}, dcov {contents.dcov}")
        scratch = Scratch()
        files = unpack(file, parts=contents.parts, to=scratch.folder)
        if not preparing.planning:
            Depot().unpack(files[ARTIFACTS])
        return cls(contents=contents, files=files, scratch=scratch)

    def images(self) -> tuple[Resource, ...]:
        """Return its images; only what the engine lacks is sent there."""
        return tuple(
            LoadedImage(
                name=part.labels["image"],
                id=part.labels["id"],
                source=self.files[part.name],
                sha256=part.sha256,
            )
            for part in self.contents.parts
            if "image" in part.labels
        )


def _image(ctx: Context, archive: Writing, *, component: str, image: str) -> None:
    inspect = ("docker", "image", "inspect", "--format", "{{.Id}}", image)
    found = ctx.run(inspect, reads=True, check=False)
    if not found.ok:
        ctx.run(("docker", "pull", "--quiet", image), within=HOUR)
        found = ctx.run(inspect, reads=True)
    save = ("docker", "save", image)
    archive.part(
        f"images/{component}.tar",
        fill=lambda write: ctx.run(save, reads=True, within=HOUR, sink=write),
        labels={"image": image, "id": found.stdout.strip()},
    )


def _pack_artifacts(preparing: Preparing, *, to: Path) -> None:
    installation = Installation.prepare(preparing)
    with tarfile.open(to, "w") as tar:
        for exporter in installation.exporters:
            for arch in exporter.release.arches:
                version = installation.versions[exporter.name]
                artifact = installation.lock.artifact(exporter.release, arch=arch, version=version)
                try:
                    installation.depots[exporter.name].pack(artifact, to=tar)
                except DownloadError as error:
                    preparing.note(f"left out {exporter.name} for {arch}: {error.why}")


def _pack_templates(site: Site, *, to: Path) -> None:
    own = site.folder / "templates"
    with tarfile.open(to, "w") as tar, as_file(files("dcov") / "templates") as shipped:
        tar.add(shipped.resolve(), arcname="shipped")
        if own.is_dir():
            tar.add(own, arcname="own")


def _copy(path: Path, write: Any) -> None:
    with path.open("rb") as file:
        while data := file.read(CHUNK):
            write(data)
