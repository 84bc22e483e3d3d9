"""What the controller has fetched for the fleet: release files, and the binaries out of them."""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from filelock import Timeout
from platformdirs import user_cache_path

from dcov.errors import ChecksumError, DiskFullError, DownloadError
from dcov.exporters.archive import Archive
from dcov.exporters.artifact import Arch, Artifact
from dcov.exporters.download import Download
from dcov.exporters.store import Store, digest
from dcov.exporters.sums import Sums
from dcov.home import own_folder

_BLOB = re.compile(r"blobs/([0-9a-f]{64})")
_NOTE = re.compile(r"notes/(?P<kind>first-use|members)/(?P<name>[0-9a-f-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """An exporter's binary on the controller, ready to be pushed to servers."""

    exporter: str
    version: str
    arch: Arch
    path: Path
    sha256: str
    size: int
    pinned: bool  # False: no lock file vouches for it, it was trusted on first use


class Depot:
    """Fetches each release file once, for all threads and all processes of this user.

    A file that no lock file pins is checked against its release's own sums file at its first use,
    and against what that said ever after.
    """

    def __init__(self, folder: Path | None = None, *, download: Download | None = None) -> None:
        self._store = Store(folder or own_folder(user_cache_path) / "artifacts")
        self._download = download or Download()

    def fetch(self, artifact: Artifact) -> Binary:
        """Return the binary, downloaded and verified where it is not here yet."""
        with self._in_our_words(artifact):
            known = self.digest(artifact)
            if known and self._store.has(known):
                return self._binary(artifact, known)
            with self._store.alone(_key(artifact.url), within=self._download.within):
                return self._binary(artifact, self._get(artifact))

    def digest(self, artifact: Artifact) -> str | None:
        """Return the binary's SHA-256 if the lock file or an earlier fetch tells it; no network."""
        sha256 = artifact.sha256 or self._first_use(artifact)
        return artifact.binary_sha256 or (self._inside(artifact, sha256) if sha256 else None)

    def sums(self, artifact: Artifact) -> Sums:
        """Read the release's own sums file, always anew."""
        place = self._download.mirror.shown(artifact.sums_url)
        return Sums(url=place, text=self._download.text(artifact.sums_url))

    def pack(self, artifact: Artifact, *, to: tarfile.TarFile) -> None:
        """Add the binary, fetched where it is not here yet, and what was learned of it."""
        binary = self.fetch(artifact)
        with self._in_our_words(artifact):
            to.add(binary.path, arcname=f"blobs/{binary.sha256}")
            release = artifact.sha256 or self._first_use(artifact)
            notes = {} if artifact.pinned else {f"first-use/{_key(artifact.url)}": release}
            if artifact.member and not artifact.member_sha256:
                notes[f"members/{release}-{_key(artifact.member)}"] = binary.sha256
            for name, sha256 in notes.items():
                head = tarfile.TarInfo(f"notes/{name}")
                head.size = len(str(sha256))
                to.addfile(head, BytesIO(str(sha256).encode()))

    def unpack(self, source: Path) -> None:
        """Take over what `pack` wrote; a content is hashed before it enters."""
        with tarfile.open(source) as tar:
            for item in tar:
                member = tar.extractfile(item)
                if member is None:
                    continue
                if note := _NOTE.fullmatch(item.name):
                    self._store.learn(note["kind"], note["name"], member.read().decode())
                elif blob := _BLOB.fullmatch(item.name):
                    with self._store.scratch() as scratch:
                        with scratch.open("wb") as out:
                            shutil.copyfileobj(member, out)
                        actual = digest(scratch)
                        if actual != blob[1]:
                            raise ChecksumError(what=item.name, expected=blob[1], actual=actual)
                        self._store.enter(scratch, sha256=actual)

    def _get(self, artifact: Artifact) -> str:
        """Bring the binary into the store, unless another has just done so; return its digest."""
        sha256 = artifact.sha256 or self._first_use(artifact)
        if sha256 is None:
            sha256 = self.sums(artifact).digest(artifact.file)
        binary = self._inside(artifact, sha256)
        if binary is None or not self._store.has(binary):
            if not self._store.has(sha256):
                self._save(artifact, sha256)
            binary = self._unpack(artifact, sha256)
        if not artifact.pinned:  # only now is it in use: sums that match no file are not kept
            self._store.learn("first-use", _key(artifact.url), sha256)
        return binary

    def _binary(self, artifact: Artifact, sha256: str) -> Binary:
        path = self._store.path(sha256)
        return Binary(
            exporter=artifact.exporter,
            version=artifact.version,
            arch=artifact.arch,
            path=path,
            sha256=sha256,
            size=path.stat().st_size,
            pinned=artifact.pinned,
        )

    def _first_use(self, artifact: Artifact) -> str | None:
        return self._store.note("first-use", _key(artifact.url))

    def _inside(self, artifact: Artifact, sha256: str) -> str | None:
        """Return the digest of the binary in the release file of this digest, if it is known."""
        if artifact.member is None:
            return sha256
        note = f"{sha256}-{_key(artifact.member)}"
        return artifact.member_sha256 or self._store.note("members", note)

    def _save(self, artifact: Artifact, sha256: str) -> None:
        """Download the release file, and let it in if it is the right one."""
        partial = self._store.partial(f"{_key(artifact.url)}-{sha256}")
        resumed = partial.exists()
        self._download.save(artifact.url, to=partial)
        if resumed and digest(partial) != sha256:  # perhaps what an earlier run left was bad
            partial.unlink()
            self._download.save(artifact.url, to=partial)
        actual = digest(partial)
        if actual != sha256:
            partial.unlink()  # no part of it may be resumed
            raise ChecksumError(what=artifact.url, expected=sha256, actual=actual)
        self._store.enter(partial, sha256=sha256)

    def _unpack(self, artifact: Artifact, sha256: str) -> str:
        """Take the binary out of its release file; return its digest."""
        if artifact.member is None:
            return sha256
        archive = Archive(path=self._store.path(sha256), url=artifact.url)
        with self._store.scratch() as scratch:
            with scratch.open("wb") as out:
                archive.extract(artifact.member, to=out)
            actual = digest(scratch)
            if artifact.member_sha256 not in {None, actual}:
                what = f"{artifact.member} in {artifact.url}"
                expected = str(artifact.member_sha256)
                raise ChecksumError(what=what, expected=expected, actual=actual)
            self._store.enter(scratch, sha256=actual)
        self._store.learn("members", f"{sha256}-{_key(artifact.member)}", actual)
        return actual

    @contextmanager
    def _in_our_words(self, artifact: Artifact) -> Iterator[None]:
        """Translate what the lock and the disk refuse."""
        try:
            yield
        except Timeout as busy:
            detail = f"another dcov has been fetching it for {self._download.within:g} s"
            raise DownloadError(url=artifact.url, detail=detail) from busy
        except OSError as refused:
            detail = refused.strerror or str(refused)
            folder = str(self._store.folder)
            if refused.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise DiskFullError(path=folder, detail=detail) from refused
            where = refused.filename or folder
            raise DownloadError(url=artifact.url, detail=f"{where}: {detail}") from refused


def _key(text: str) -> str:
    """Return a short file name for a URL or a member."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
