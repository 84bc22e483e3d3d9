from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from unit.exporters.releases import BINARY, tarball

from dcov.errors import DownloadError
from dcov.exporters.archive import Archive

MEMBER = "node_exporter-1.5.0.linux-amd64/node_exporter"


def extract(path: Path, *, content: bytes, member: str = MEMBER, limit: int = 10**8) -> bytes:
    file = path / "release.tar.gz"
    file.write_bytes(content)
    out = io.BytesIO()
    Archive(path=file, url="https://example.org/release.tar.gz").extract(
        member, to=out, limit=limit
    )
    return out.getvalue()


def with_link(kind: bytes, target: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        info = tarfile.TarInfo(MEMBER)
        info.type, info.linkname = kind, target
        tar.addfile(info)
    return buffer.getvalue()


def test_only_the_named_file_is_taken(tmp_path: Path) -> None:
    content = tarball(("LICENSE", b"text"), (MEMBER, BINARY), ("../../etc/cron.d/x", b"evil"))
    assert extract(tmp_path, content=content) == BINARY
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["release.tar.gz"]


def test_a_leading_dot_in_names_is_no_difference(tmp_path: Path) -> None:
    assert extract(tmp_path, content=tarball((f"./{MEMBER}", BINARY))) == BINARY


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (tarball(("LICENSE", b"text")), f"it has no {MEMBER}"),
        (tarball((f"../{MEMBER}", BINARY)), f"it has no {MEMBER}"),
        (tarball((f"/{MEMBER}", BINARY)), f"it has no {MEMBER}"),
        (tarball((MEMBER, BINARY), (MEMBER, b"another")), "it has 2"),
        (with_link(tarfile.SYMTYPE, "/etc/shadow"), "not a regular file"),
        (with_link(tarfile.LNKTYPE, "/etc/shadow"), "not a regular file"),
        (with_link(tarfile.FIFOTYPE, ""), "not a regular file"),
        (tarball((MEMBER, BINARY))[:4000], "not a whole archive"),
        (b"<html>proxy login</html>" * 99, "not a whole archive"),
        (b"", "not a whole archive"),
    ],
)
def test_an_archive_that_is_not_as_expected_is_refused(
    tmp_path: Path, content: bytes, why: str
) -> None:
    with pytest.raises(DownloadError, match=why):
        extract(tmp_path, content=content)


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    """It is refused by its header, before it is unpacked."""
    bomb = tarball((MEMBER, bytes(50_000_000)))
    assert len(bomb) < 100_000
    with pytest.raises(DownloadError, match="more than 1000000 bytes"):
        extract(tmp_path, content=bomb, limit=1_000_000)
