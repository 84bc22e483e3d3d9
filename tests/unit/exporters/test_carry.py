"""A cache that is carried to a machine without a network."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from unit.exporters.releases import BINARY, VERSION, Site, sha256, tarball

from dcov.errors import ChecksumError
from dcov.exporters.artifact import Arch
from dcov.exporters.depot import Depot
from dcov.exporters.download import Download
from dcov.exporters.mirror import Mirror

TARBALL = tarball((f"node_exporter-{VERSION}.linux-amd64/node_exporter", BINARY))


@pytest.mark.parametrize("pinned", [True, False])
def test_what_was_packed_needs_no_network(site: Site, tmp_path: Path, *, pinned: bool) -> None:
    """Also where only a first use vouches for a file: that knowledge comes along."""
    artifact = site.publish(Arch.AMD64, TARBALL)
    artifact = replace(artifact, sha256=sha256(TARBALL) if pinned else None)
    packed = tmp_path / "packed.tar"
    with tarfile.open(packed, "w") as tar:
        here = Depot(tmp_path / "here", download=Download(mirror=Mirror(base=site.url)))
        here.pack(artifact, to=tar)
    asked = len(site.requests)

    there = Depot(tmp_path / "there", download=Download(mirror=Mirror(base=site.url)))
    there.unpack(packed)
    binary = there.fetch(artifact)
    assert binary.path.read_bytes() == BINARY
    assert binary.path.is_relative_to(tmp_path / "there")
    assert len(site.requests) == asked


def test_a_content_that_is_not_what_its_name_says_is_refused(tmp_path: Path) -> None:
    """And what has another place than the cache's own is not taken."""
    packed = tmp_path / "packed.tar"
    with tarfile.open(packed, "w") as tar:
        for name in ("notes/first-use/../../../x", f"blobs/{'0' * 64}"):
            head = tarfile.TarInfo(name)
            head.size = 3
            tar.addfile(head, io.BytesIO(b"abc"))
    with pytest.raises(ChecksumError):
        Depot(tmp_path / "there").unpack(packed)
    assert not list(tmp_path.rglob("x"))
    assert not (tmp_path / "there" / "blobs").exists()
