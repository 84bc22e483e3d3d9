"""The file of a backup or a bundle: whole or not there, and checked before it is used."""

from __future__ import annotations

import stat
import tarfile
from pathlib import Path

import pytest

from dcov.errors import ArchiveError
from dcov.stack.archive import Contents, Writing, unpack, writing

SMALL, LARGE = b"some bytes", b"x" * 1_000_000


def contents(archive: Writing, *, kind: str = "backup") -> Contents:
    return Contents(
        site="Lab", made="2026-01-01T00:00:00+00:00", dcov="0.1.0", kind=kind,
        images={"grafana": "grafana:1"}, parts=tuple(archive.parts),
    )  # fmt: skip


def made(file: Path) -> Contents:
    with writing(file) as archive:
        archive.part("files.tar", fill=lambda write: write(SMALL))
        labels = {"io.dcov.site": "Lab"}
        archive.part(
            "volumes/a.tar",
            fill=lambda write: [write(LARGE[:7]), write(LARGE[7:])],
            volume="a",
            labels=labels,
        )
        archive.part("empty.tar", fill=lambda write: write(b""))
        written = contents(archive)
        archive.finish(written)
    return written


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Parts of any size come back, the file is yours alone, and tar reads it, too."""
    file = tmp_path / "site.tar"
    written = made(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    read = Contents.read(file, kind="backup")
    assert read == written
    found = unpack(file, parts=read.parts, to=tmp_path)
    assert found["files.tar"].read_bytes() == SMALL
    assert found["volumes/a.tar"].read_bytes() == LARGE
    assert found["empty.tar"].read_bytes() == b""
    with tarfile.open(file) as tar:
        assert tar.getnames() == ["files.tar", "volumes/a.tar", "empty.tar", "manifest.json"]


def test_a_failure_on_the_way_leaves_no_file(tmp_path: Path) -> None:
    """Neither half of a new one, nor in the place of an older one."""
    file = tmp_path / "site.tar"
    file.write_text("older")

    def broken() -> None:
        with writing(file) as archive:
            archive.part("files.tar", fill=lambda write: write(SMALL))
            raise ConnectionError

    with pytest.raises(ArchiveError):  # it is an OSError, as a full disk is
        broken()
    assert file.read_text() == "older"
    assert [path.name for path in tmp_path.iterdir()] == ["site.tar"]


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    """One bit is enough."""
    file = tmp_path / "site.tar"
    read = made(file)
    data = bytearray(file.read_bytes())
    data[data.index(LARGE[:100]) + 10] ^= 1
    file.write_bytes(data)
    with pytest.raises(ArchiveError, match=r"volumes/a\.tar is damaged"):
        unpack(file, parts=read.parts, to=tmp_path)


@pytest.mark.parametrize("data", [b"", b"no tar", b"x" * 2000])
def test_another_file_is_refused(tmp_path: Path, data: bytes) -> None:
    """Its name is in the message."""
    file = tmp_path / "other.bin"
    file.write_bytes(data)
    with pytest.raises(ArchiveError, match=r"other\.bin"):
        Contents.read(file, kind="backup")


def test_a_bundle_is_no_backup(tmp_path: Path) -> None:
    """The kinds are not taken for each other."""
    file = tmp_path / "site.tar"
    made(file)
    with pytest.raises(ArchiveError, match="it is no bundle"):
        Contents.read(file, kind="bundle")


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    """The list stands at the end, so half a file has none."""
    file = tmp_path / "site.tar"
    made(file)
    file.write_bytes(file.read_bytes()[:500_000])
    with pytest.raises(ArchiveError):
        Contents.read(file, kind="backup")
