from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from unit.exporters.releases import BINARY, FOLDER, VERSION, Site, sha256, tarball

from dcov.errors import ChecksumError, ConfigError, DownloadError, UnknownNameError
from dcov.exporters.artifact import DC_EXPORTER, NODE_EXPORTER, Arch
from dcov.exporters.depot import Depot
from dcov.exporters.download import Download
from dcov.exporters.lock import Lock, Pin, lock_release
from dcov.exporters.mirror import Mirror


@pytest.fixture
def depot(site: Site) -> Depot:
    return Depot(download=Download(mirror=Mirror(base=site.url)))


def publish(site: Site) -> None:
    for arch in Arch:
        member = f"node_exporter-{VERSION}.linux-{arch}/node_exporter"
        site.publish(arch, tarball((member, BINARY + arch.encode())))


def test_every_digest_that_we_ship_was_found_in_two_places() -> None:
    """In repositories of two owners."""
    for pin in Lock.load().pins:
        owners = {urlsplit(place).path.split("/")[1] for place in pin.found}
        assert len(owners) >= 2, pin
        assert all(re.search(r"/blob/[0-9a-f]{40}/", place) for place in pin.found)


def test_what_we_ship_is_what_is_installed_where_nobody_names_a_version() -> None:
    lock = Lock.load()
    for arch in Arch:
        assert lock.artifact(NODE_EXPORTER, arch=arch).pinned
    assert lock.artifact(DC_EXPORTER, arch=Arch.AMD64).version == "0.2.8"
    assert not lock.artifact(NODE_EXPORTER, arch=Arch.AMD64, version="v1.9.0").pinned


def test_a_release_is_locked_by_its_own_sums_and_needs_no_download_later(
    site: Site, depot: Depot, tmp_path: Path
) -> None:
    publish(site)
    path = tmp_path / "exporters.lock.toml"
    lock_release(NODE_EXPORTER, version=f"v{VERSION}", into=path, depot=depot)
    lock = Lock.load(path)
    site.requests.clear()
    artifact = lock.artifact(NODE_EXPORTER, arch=Arch.ARM64)
    assert (artifact.version, artifact.pinned) == (VERSION, True)
    assert depot.digest(artifact) == artifact.binary_sha256 == sha256(BINARY + b"arm64")
    assert not site.requests
    assert lock.version("dc-exporter") == "0.2.8"


def test_a_file_can_be_locked_without_downloading_it(
    site: Site, depot: Depot, tmp_path: Path
) -> None:
    publish(site)
    path = tmp_path / "exporters.lock.toml"
    lock = lock_release(NODE_EXPORTER, version=VERSION, into=path, depot=depot, binaries=False)
    assert [pin.binary_sha256 for pin in lock.pins] == [None, None]
    assert {pin.found for pin in lock.pins} == {(f"{site.url}{FOLDER}/sha256sums.txt",)}
    assert not site.asked(".tar.gz")


def test_a_release_that_has_changed_since_it_was_locked_is_refused(
    site: Site, depot: Depot, tmp_path: Path
) -> None:
    publish(site)
    path = tmp_path / "exporters.lock.toml"
    lock_release(NODE_EXPORTER, version=VERSION, into=path, depot=depot)
    written = path.read_text()
    lock_release(NODE_EXPORTER, version=VERSION, into=path, depot=depot)
    assert path.read_text() == written
    site.files.clear()
    site.publish(Arch.AMD64, tarball(("x", b"another")))
    with pytest.raises(ChecksumError):
        lock_release(NODE_EXPORTER, version=VERSION, into=path, depot=depot)
    assert path.read_text() == written


@pytest.mark.parametrize("copies", [0, 2])
def test_a_sums_file_that_is_not_plain_locks_nothing(
    site: Site, depot: Depot, tmp_path: Path, copies: int
) -> None:
    publish(site)
    path = tmp_path / "exporters.lock.toml"
    path.write_text("# mine\n")
    site.files[f"{FOLDER}/sha256sums.txt"] *= copies
    with pytest.raises(DownloadError, match="not exactly one"):
        lock_release(NODE_EXPORTER, version=VERSION, into=path, depot=depot)
    assert path.read_text() == "# mine\n"


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    pin = Pin(
        exporter='a "quoted" näme',
        version="1.2.3-rc.1",
        arch=Arch.AMD64,
        sha256="a" * 64,
        binary_sha256="b" * 64,
        found=("https://example.org/x", "back\\slash\n"),
    )
    lock = Lock(versions={"a.b": "1.0", "c": "2"}, pins=(pin,))
    path = tmp_path / "site" / "lock.toml"
    path.parent.mkdir()
    lock.write(path)
    assert Lock.read(path) == lock
    assert [file.name for file in path.parent.iterdir()] == ["lock.toml"]


def test_a_sites_own_lock_adds_to_ours_and_wins(tmp_path: Path) -> None:
    path = tmp_path / "exporters.lock.toml"
    ours = Lock.load().version("node_exporter")
    path.write_text(
        '[versions]\ndc-exporter = "0.3.0"\n\n'
        f'[[artifact]]\nexporter = "node_exporter"\nversion = "{ours}"\narch = "amd64"\n'
        f'sha256 = "{"f" * 64}"\n'
    )
    lock = Lock.load(tmp_path / "none.toml", path)
    assert lock.version("dc-exporter") == "0.3.0"
    assert lock.artifact(NODE_EXPORTER, arch=Arch.AMD64).sha256 == "f" * 64
    shipped = Lock.load().artifact(NODE_EXPORTER, arch=Arch.ARM64)
    assert lock.artifact(NODE_EXPORTER, arch=Arch.ARM64) == shipped


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("[versions\n", 1, "versions|Expected"),
        ('[versions]\nnode_exporter = "latest"\n', 1, "versions.node_exporter"),
        ('\n\n[[artifact]]\nexporter = "x"\n', 3, "artifact.0.sha256"),
        ('[[artifact]]\nsha265 = "x"\n', 1, "artifact.0.sha265"),
        ("artifacts = 3\n", 1, "artifacts"),
        ('[versions]\nnode_exporter = "1', 2, "versions|Unterminated|Illegal|Expected"),
    ],
)
def test_a_broken_lock_file_is_said_with_its_line(
    tmp_path: Path, text: str, line: int, what: str
) -> None:
    path = tmp_path / "exporters.lock.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=what) as caught:
        Lock.load(path)
    assert caught.value.problems[0].line == line
    assert caught.value.problems[0].file == path


def test_an_unknown_exporter_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean node_exporter"):
        Lock.load().version("node-exporter")


def test_a_lock_file_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "exporters.lock.toml"
    folder.mkdir()
    for touch in (Lock.read, Lock.load, Lock().write):
        with pytest.raises(ConfigError, match="Is a directory"):
            touch(folder)
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == []
