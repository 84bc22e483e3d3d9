"""What is downloaded for an exporter: one release file for one version and architecture."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from posixpath import basename

from dcov.errors import UnfitServerError
from dcov.exporters.version import Version, normalise

GITHUB = "https://github.com"


class Arch(StrEnum):
    """A processor architecture, by the name that release files use."""

    AMD64 = "amd64"
    ARM64 = "arm64"

    @classmethod
    def of(cls, machine: str) -> Arch | None:
        """Return the architecture of what `uname -m` says; None: no release is for it."""
        return {"x86_64": cls.AMD64, "aarch64": cls.ARM64}.get(machine)

    @property
    def machine(self) -> str:
        """What `uname -m` says on it."""
        return {Arch.AMD64: "x86_64", Arch.ARM64: "aarch64"}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A release file. Without `sha256` it is not pinned: its first use decides what is trusted."""

    exporter: str
    version: str
    arch: Arch
    url: str
    sums_url: str
    sha256: str | None = None
    member: str | None = None  # the binary's name inside the tarball; None: the file is the binary
    member_sha256: str | None = None

    @property
    def file(self) -> str:
        """The file's name, as the release's sums file lists it."""
        return basename(self.url)

    @property
    def pinned(self) -> bool:
        """Whether a lock file says what the file must be."""
        return self.sha256 is not None

    @property
    def binary_sha256(self) -> str | None:
        """The digest of the binary itself, where the lock file tells it without a download."""
        return self.sha256 if self.member is None else self.member_sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """How a project on GitHub names its release files, and which servers can run them."""

    exporter: str
    project: str
    file: str
    sums: str
    arches: tuple[Arch, ...]
    member: str | None = None
    glibc: str | None = None  # the oldest C library that the binary runs with; None: static

    def artifact(
        self,
        version: str,
        *,
        arch: Arch,
        sha256: str | None = None,
        member_sha256: str | None = None,
    ) -> Artifact:
        """Name the file of this version; refuse an architecture that is not built."""
        self.require(arch=arch)
        version = normalise(version)
        folder = f"{GITHUB}/{self.project}/releases/download/v{version}"
        return Artifact(
            exporter=self.exporter,
            version=version,
            arch=arch,
            url=f"{folder}/{self.file.format(version=version, arch=arch)}",
            sums_url=f"{folder}/{self.sums}",
            sha256=sha256,
            member=self.member and self.member.format(version=version, arch=arch),
            member_sha256=member_sha256,
        )

    def require(self, *, arch: Arch | None, machine: str = "", glibc: str | None = None) -> None:
        """Refuse a server that cannot run the release; a `glibc` of None is not asked about."""
        if arch not in self.arches:
            built = " or ".join(arch.machine for arch in self.arches)
            has = machine or (arch.machine if arch else "another processor")
            raise UnfitServerError(what=self.exporter, needs=built, has=has)
        if self.glibc and glibc and Version.parse(glibc) < Version.parse(self.glibc):
            needs = f"glibc {self.glibc} or newer"
            raise UnfitServerError(what=self.exporter, needs=needs, has=f"glibc {glibc}")


NODE_EXPORTER = Release(
    exporter="node_exporter",
    project="prometheus/node_exporter",
    file="node_exporter-{version}.linux-{arch}.tar.gz",
    sums="sha256sums.txt",
    arches=(Arch.AMD64, Arch.ARM64),
    member="node_exporter-{version}.linux-{arch}/node_exporter",
)

DC_EXPORTER = Release(
    exporter="dc-exporter",
    project="cryptolabsza/dc-exporter-releases",
    file="dc-exporter-rs",
    sums="SHA256SUMS",
    arches=(Arch.AMD64,),
    glibc="2.35",  # its README: Ubuntu 22.04 or newer
)
