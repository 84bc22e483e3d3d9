from __future__ import annotations

import base64
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from unit.exporters.releases import BINARY, FOLDER, VERSION, Site, sha256, tarball

from dcov.errors import ChecksumError, DownloadError
from dcov.exporters.artifact import Arch, Artifact
from dcov.exporters.depot import Depot
from dcov.exporters.download import Download
from dcov.exporters.mirror import Mirror

MEMBER = f"node_exporter-{VERSION}.linux-amd64/node_exporter"
TARBALL = tarball(("LICENSE", b"text"), (MEMBER, BINARY))


@pytest.fixture
def artifact(site: Site) -> Artifact:
    """A published release file, pinned."""
    return replace(site.publish(Arch.AMD64, TARBALL), sha256=sha256(TARBALL))


def depot(site: Site, *, within: float = 30) -> Depot:
    return Depot(download=Download(mirror=Mirror(base=site.url), within=within))


def test_a_file_is_fetched_once_and_ever_after_taken_from_the_cache(
    site: Site, artifact: Artifact, tmp_path: Path
) -> None:
    first = depot(site)
    assert first.digest(artifact) is None
    binary = first.fetch(artifact)
    assert (binary.sha256, binary.size, binary.pinned) == (sha256(BINARY), len(BINARY), True)
    assert binary.path.read_bytes() == BINARY
    assert binary.path.is_relative_to(tmp_path / "cache" / "dcov" / "artifacts")
    again = depot(site)
    assert again.digest(artifact) == sha256(BINARY)
    assert again.fetch(artifact) == binary
    assert len(site.requests) == 1


def test_a_plain_binary_is_its_own_release_file(site: Site, artifact: Artifact) -> None:
    site.files["/x/y/releases/download/v1/tool"] = BINARY
    url = "https://github.com/x/y/releases/download/v1/tool"
    tool = replace(artifact, url=url, member=None, sha256=sha256(BINARY))
    assert depot(site).digest(tool) == sha256(BINARY)
    assert depot(site).fetch(tool).path.read_bytes() == BINARY
    assert site.asked("/tool")


def test_a_digest_in_the_lock_file_is_known_without_any_request(
    site: Site, artifact: Artifact
) -> None:
    known = replace(artifact, member_sha256=sha256(BINARY))
    assert depot(site).digest(known) == sha256(BINARY)
    assert not site.requests


def test_a_corrupt_file_never_enters_the_cache(site: Site, artifact: Artifact) -> None:
    site.files[f"{FOLDER}/{artifact.file}"] = TARBALL[:-1] + b"x"
    with pytest.raises(ChecksumError, match=sha256(TARBALL)):
        depot(site).fetch(artifact)
    site.files[f"{FOLDER}/{artifact.file}"] = TARBALL
    assert depot(site).fetch(artifact).sha256 == sha256(BINARY)
    assert all("Range" not in headers for headers in site.asked(".tar.gz"))


def test_another_binary_inside_than_the_lock_file_says_is_refused(
    site: Site, artifact: Artifact
) -> None:
    wrong = replace(artifact, member_sha256="0" * 64)
    for _ in range(2):
        with pytest.raises(ChecksumError, match="0" * 64):
            depot(site).fetch(wrong)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_body_that_breaks_off_is_resumed(site: Site, artifact: Artifact, *, ranges: bool) -> None:
    """Where the server has no ranges the file is read again from its start."""
    site.ranges = ranges
    site.breaks[f"{FOLDER}/{artifact.file}"] = 2
    assert depot(site).fetch(artifact).sha256 == sha256(BINARY)
    offsets = [headers.get("Range") for headers in site.asked(".tar.gz")]
    half = len(TARBALL) // 2
    assert offsets[:2] == [None, f"bytes={half}-"]
    assert len(offsets) == 3


def test_a_later_run_resumes_what_an_earlier_one_left(site: Site, artifact: Artifact) -> None:
    site.breaks[f"{FOLDER}/{artifact.file}"] = 5
    with pytest.raises(DownloadError, match="IncompleteRead"):
        depot(site).fetch(artifact)
    site.requests.clear()
    assert depot(site).fetch(artifact).sha256 == sha256(BINARY)
    assert int(site.asked(".tar.gz")[0]["Range"].removeprefix("bytes=").rstrip("-")) > 0
    assert len(site.requests) == 1


def test_a_whole_file_left_by_a_killed_run_is_not_asked_for_again(
    site: Site, artifact: Artifact, tmp_path: Path
) -> None:
    site.breaks[f"{FOLDER}/{artifact.file}"] = 5
    with pytest.raises(DownloadError):
        depot(site).fetch(artifact)
    (partial,) = (tmp_path / "cache" / "dcov" / "artifacts" / "partial").iterdir()
    partial.write_bytes(TARBALL)
    site.requests.clear()
    assert depot(site).fetch(artifact).sha256 == sha256(BINARY)
    assert site.asked(".tar.gz")[0]["Range"] == f"bytes={len(TARBALL)}-"


@pytest.mark.parametrize("left", [b"<html>log in to this network</html>", b"x" * 2 * len(TARBALL)])
def test_a_bad_beginning_of_an_earlier_run_is_thrown_away(
    site: Site, artifact: Artifact, tmp_path: Path, left: bytes
) -> None:
    site.breaks[f"{FOLDER}/{artifact.file}"] = 5
    with pytest.raises(DownloadError):
        depot(site).fetch(artifact)
    (partial,) = (tmp_path / "cache" / "dcov" / "artifacts" / "partial").iterdir()
    partial.write_bytes(left)
    site.requests.clear()
    assert depot(site).fetch(artifact).sha256 == sha256(BINARY)
    assert [headers.get("Range") for headers in site.asked(".tar.gz")] == [
        f"bytes={len(left)}-",
        None,
    ]


def test_a_missing_file_is_said_at_once(site: Site, artifact: Artifact) -> None:
    site.files.clear()
    with pytest.raises(DownloadError, match="HTTP 404"):
        depot(site).fetch(artifact)
    assert len(site.requests) == 1


def test_a_busy_server_is_asked_again_but_not_for_ever(site: Site, artifact: Artifact) -> None:
    site.busy = 2
    assert depot(site).fetch(artifact).sha256 == sha256(BINARY)
    assert len(site.requests) == 3


def test_a_server_that_is_down_is_said_in_few_words(artifact: Artifact) -> None:
    with pytest.raises(DownloadError) as caught:
        Depot(download=Download(mirror=Mirror(base="http://127.0.0.1:9"))).fetch(artifact)
    assert "Connection refused" in caught.value.detail
    assert "object at 0x" not in caught.value.detail


def test_a_label_of_the_server_does_not_change_the_bytes(site: Site, artifact: Artifact) -> None:
    """Some servers send .tar.gz as if it were compressed on the way."""
    site.encoding = "gzip"
    assert depot(site).fetch(artifact).sha256 == sha256(BINARY)


def test_a_file_that_takes_too_long_is_given_up(site: Site, artifact: Artifact) -> None:
    with pytest.raises(DownloadError, match="longer than 0 s"):
        Depot(download=Download(mirror=Mirror(base=site.url), within=0)).fetch(artifact)


def test_a_damaged_cache_entry_is_fetched_anew(site: Site, artifact: Artifact) -> None:
    binary = depot(site).fetch(artifact)
    archive = binary.path.with_name(sha256(TARBALL))
    binary.path.write_bytes(BINARY[:-1] + b"x")
    assert depot(site).fetch(artifact) == binary  # unpacked again
    assert len(site.requests) == 1
    archive.write_bytes(b"x")
    binary.path.unlink()
    assert depot(site).fetch(artifact) == binary
    assert binary.path.read_bytes() == BINARY
    assert len(site.requests) == 2


def test_damage_during_a_run_is_seen_too(site: Site, artifact: Artifact) -> None:
    one = depot(site)
    binary = one.fetch(artifact)
    binary.path.write_bytes(b"short")
    assert one.fetch(artifact).path.read_bytes() == BINARY


def test_sixteen_threads_make_one_request(site: Site, artifact: Artifact) -> None:
    """Whether they share a Depot or not, and also where nothing is pinned."""
    site.delay = threading.Event()
    shared, unpinned = depot(site), replace(artifact, sha256=None)
    with ThreadPoolExecutor(16) as pool:
        depots = [shared if number % 2 else depot(site) for number in range(16)]
        fetches = [pool.submit(one.fetch, unpinned) for one in depots]
        site.delay.set()
        binaries = {fetch.result() for fetch in fetches}
    assert len(binaries) == 1
    assert len(site.asked(".tar.gz")) == len(site.asked("sha256sums.txt")) == 1


FETCH = """
import sys
from dcov.exporters.artifact import NODE_EXPORTER, Arch
from dcov.exporters.depot import Depot
from dcov.exporters.download import Download
from dcov.exporters.mirror import Mirror

print("ready", flush=True)
sys.stdin.readline()
artifact = NODE_EXPORTER.artifact(sys.argv[2], arch=Arch.AMD64, sha256=sys.argv[3])
print(Depot(download=Download(mirror=Mirror(base=sys.argv[1]))).fetch(artifact).sha256)
"""


def test_two_processes_make_one_request(site: Site, artifact: Artifact) -> None:
    argv = [sys.executable, "-c", FETCH, site.url, VERSION, str(artifact.sha256)]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    site.delay = threading.Event()
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    site.delay.set()
    assert {process.communicate()[0].strip() for process in processes} == {sha256(BINARY)}
    assert len(site.asked(".tar.gz")) == 1


def test_what_is_not_pinned_is_trusted_on_first_use(site: Site, artifact: Artifact) -> None:
    """A release that is another one later is refused, whatever its own sums file says then."""
    unpinned = replace(artifact, sha256=None)
    binary = depot(site).fetch(unpinned)
    assert not binary.pinned
    site.files.clear()
    site.publish(Arch.AMD64, tarball((MEMBER, b"replaced")))
    assert depot(site).fetch(unpinned) == binary
    assert depot(site).digest(unpinned) == binary.sha256
    binary.path.unlink()
    binary.path.with_name(sha256(TARBALL)).unlink()
    with pytest.raises(ChecksumError):
        depot(site).fetch(unpinned)


def test_a_release_whose_sums_do_not_match_is_refused(site: Site) -> None:
    artifact = site.publish(Arch.AMD64, TARBALL)
    site.files[f"{FOLDER}/{artifact.file}"] = tarball((MEMBER, b"evil"))
    with pytest.raises(ChecksumError):
        depot(site).fetch(artifact)
    site.files.clear()
    site.publish(Arch.AMD64, TARBALL)  # once the mirror is whole again, nothing of it is left
    assert depot(site).fetch(artifact).sha256 == sha256(BINARY)


def test_sums_that_matched_no_file_are_read_again(site: Site) -> None:
    """What is trusted on first use is a file that was used, and not a line that promised one."""
    artifact = site.publish(Arch.AMD64, TARBALL)
    place = f"{FOLDER}/sha256sums.txt"
    right = site.files[place]
    site.files[place] = right.replace(sha256(TARBALL).encode(), b"0" * 64)
    with pytest.raises(ChecksumError):
        depot(site).fetch(artifact)
    site.files[place] = right
    assert depot(site).fetch(artifact).sha256 == sha256(BINARY)


@pytest.mark.parametrize("form", ["{}", "{}/", "file://{}", "file://localhost{}"])
def test_a_folder_serves_as_mirror_without_a_network(
    site: Site, artifact: Artifact, tmp_path: Path, form: str
) -> None:
    folder = tmp_path / "offline mirror"
    for path, content in site.files.items():
        file = folder / path.removeprefix("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    base = form.format(folder if "://" not in form else str(folder).replace(" ", "%20"))
    offline = Depot(download=Download(mirror=Mirror(base=base)))
    assert offline.fetch(replace(artifact, sha256=None)).sha256 == sha256(BINARY)
    assert not site.requests


def test_a_folder_without_the_file_is_named(artifact: Artifact, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="No such file") as caught:
        Depot(download=Download(mirror=Mirror(base=str(tmp_path)))).fetch(artifact)
    assert caught.value.url == f"{tmp_path}{FOLDER}/{artifact.file}"


def test_a_mirror_that_answers_with_half_the_archive_names_the_release(
    site: Site, artifact: Artifact
) -> None:
    half = TARBALL[: len(TARBALL) // 2]
    site.files[f"{FOLDER}/{artifact.file}"] = half
    with pytest.raises(DownloadError, match="not a whole archive"):
        depot(site).fetch(replace(artifact, sha256=sha256(half)))


def test_no_login_of_a_netrc_is_sent_even_after_a_redirect(
    site: Site, artifact: Artifact, home: Path
) -> None:
    (home / ".netrc").write_text(
        "machine 127.0.0.1 login me password secret\nmachine localhost login me password secret\n"
    )
    site.redirect[f"{FOLDER}/{artifact.file}"] = site.url.replace("127.0.0.1", "localhost") + "/s"
    site.files["/s"] = TARBALL
    assert depot(site).fetch(artifact).sha256 == sha256(BINARY)
    assert len(site.requests) == 2
    assert all("Authorization" not in headers for _, headers in site.requests)


def test_a_login_in_the_mirrors_url_goes_to_the_mirror_only(site: Site, artifact: Artifact) -> None:
    """Not to where the mirror redirects, and into no error."""
    base = site.url.replace("http://", "http://me:pass%40word@")
    mirrored = Depot(download=Download(mirror=Mirror(base=base)))
    with pytest.raises(DownloadError) as caught:
        mirrored.fetch(replace(artifact, url=artifact.url + ".gone"))
    assert "word" not in str(caught.value)
    site.redirect[f"{FOLDER}/{artifact.file}"] = site.url.replace("127.0.0.1", "localhost") + "/s"
    site.files["/s"] = TARBALL
    mirrored.fetch(artifact)
    login = base64.b64encode(b"me:pass@word").decode()
    assert site.asked(".tar.gz")[0]["Authorization"] == f"Basic {login}"
    assert "Authorization" not in site.asked("/s")[0]


def test_a_proxy_of_the_environment_is_used(
    site: Site, artifact: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The site stands in as the proxy: it is asked for the whole URL of another host."""
    host = "http://mirror.invalid"
    site.files[f"{host}{FOLDER}/{artifact.file}"] = TARBALL
    monkeypatch.setenv("http_proxy", site.url)
    proxied = Depot(download=Download(mirror=Mirror(base=host)))
    assert proxied.fetch(artifact).sha256 == sha256(BINARY)


def test_a_cache_that_cannot_be_written_is_named(
    site: Site, artifact: Artifact, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DownloadError, match=r"Not a directory|File exists"):
        Depot(tmp_path / "file" / "cache").fetch(artifact)
