"""What enrolment writes, and what it leaves alone."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import paramiko
import pytest
from filelock import FileLock

from dcov.errors import ConfigError, UnknownNameError
from dcov.ssh import enrolment
from dcov.ssh.enrolment import append, approve, forget, proposals, propose
from dcov.ssh.known_hosts import KnownHosts, Verdict


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "site" / "known_hosts"


@pytest.fixture(scope="module")
def keys() -> tuple[paramiko.PKey, ...]:
    return tuple(paramiko.ECDSAKey.generate() for _ in range(2))


@pytest.fixture(scope="module")
def rsa() -> paramiko.PKey:
    return paramiko.RSAKey.generate(2048)


def text(key: paramiko.PKey) -> str:
    return f"{key.get_name()} {key.get_base64()}"


def verdict(path: Path, name: str, key: paramiko.PKey) -> Verdict:
    return KnownHosts.load(path).check(name, key=key).verdict


def test_a_new_file_is_for_its_owner_alone(path, keys) -> None:
    append(path, name="gpu-01", key=keys[0])
    assert path.stat().st_mode & 0o777 == 0o600
    assert verdict(path, "gpu-01", keys[0]) is Verdict.KNOWN


def test_appending_mends_a_last_line_without_end(path, keys) -> None:
    path.parent.mkdir()
    path.write_text(f"gpu-00 {text(keys[0])}")
    append(path, name="gpu-01", key=keys[1])
    assert verdict(path, "gpu-00", keys[0]) is Verdict.KNOWN
    assert verdict(path, "gpu-01", keys[1]) is Verdict.KNOWN


def test_many_threads_lose_no_key(path, keys) -> None:
    names = [f"gpu-{n}" for n in range(200)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda name: append(path, name=name, key=keys[0]), names))
    known = KnownHosts.load(path)
    assert not known.skipped
    assert all(known.check(name, key=keys[0]).verdict is Verdict.KNOWN for name in names)


@pytest.mark.parametrize("name", ["*", "gpu-?", "!gpu", "a,b", "a b", "@revoked", "#", "|1|x", ""])
def test_a_name_that_would_trust_others_is_refused(path, keys, name: str) -> None:
    for write in (append, propose):
        with pytest.raises(ConfigError, match="known_hosts"):
            write(path, name=name, key=keys[0])


def test_what_is_proposed_is_not_trusted_until_it_is_approved(path, keys) -> None:
    propose(path, name="gpu-01", key=keys[1])
    propose(path, name="gpu-01", key=keys[0])
    (proposal,) = proposals(path)
    assert proposal.fingerprint == keys[0].fingerprint
    assert verdict(path, "gpu-01", keys[0]) is Verdict.UNKNOWN
    assert approve(path, "gpu-01") == (proposal,)
    assert verdict(path, "gpu-01", keys[0]) is Verdict.KNOWN
    assert proposals(path) == ()


def test_approving_replaces_the_keys_of_the_same_type_only(path, keys, rsa) -> None:
    append(path, name="gpu-01", key=keys[0])
    append(path, name="gpu-01", key=rsa)
    append(path, name="gpu-02", key=keys[0])
    propose(path, name="gpu-01", key=keys[1])
    approve(path, "gpu-01", fingerprint=keys[1].fingerprint)
    assert verdict(path, "gpu-01", keys[1]) is Verdict.KNOWN
    assert verdict(path, "gpu-01", keys[0]) is Verdict.CHANGED
    assert verdict(path, "gpu-01", rsa) is Verdict.KNOWN
    assert verdict(path, "gpu-02", keys[0]) is Verdict.KNOWN


def test_one_name_without_a_proposal_approves_none(path, keys) -> None:
    propose(path, name="gpu-01", key=keys[0])
    with pytest.raises(UnknownNameError, match="gpu-02") as raised:
        approve(path, "gpu-01", "gpu-02")
    assert "dcov keys scan gpu-02" in raised.value.remedy
    with pytest.raises(UnknownNameError, match="SHA256:other"):
        approve(path, "gpu-01", fingerprint="SHA256:other")
    assert len(proposals(path)) == 1
    assert not path.exists()


def test_forgetting_leaves_everything_else_as_it_was(path, keys, rsa) -> None:
    path.parent.mkdir()
    key = text(keys[0])
    path.write_bytes(
        f"# the fleet, M\xe4rz\n\ngpu-01 {key} a comment\ngpu-00,GPU-01,gpu-02  {key}\tnote\n"
        f"gpu-* {key}\n@revoked gpu-01 {text(rsa)}\nnonsense gpu-01\r\ngpu-03 {key}".encode(
            "latin-1"
        )
    )
    assert forget(path, "gpu-01") == 2
    assert path.read_bytes() == (
        f"# the fleet, M\xe4rz\n\ngpu-00,gpu-02  {key}\tnote\n"
        f"gpu-* {key}\n@revoked gpu-01 {text(rsa)}\nnonsense gpu-01\r\ngpu-03 {key}\n"
    ).encode("latin-1")
    assert forget(path, "gpu-09") == 0


def test_a_name_that_ssh_keygen_hashed_is_forgotten(path, keys) -> None:
    append(path, name="gpu-01", key=keys[0])
    append(path, name="gpu-02", key=keys[0])
    subprocess.run(("ssh-keygen", "-q", "-H", "-f", path), check=True, capture_output=True)
    assert forget(path, "gpu-01") == 1
    assert verdict(path, "gpu-01", keys[0]) is Verdict.UNKNOWN
    assert verdict(path, "gpu-02", keys[0]) is Verdict.KNOWN


def test_a_link_to_the_file_stays_a_link_and_modes_stay(path, keys, tmp_path) -> None:
    append(path, name="gpu-01", key=keys[0])
    path.chmod(0o640)
    link = tmp_path / "old_place"
    link.symlink_to(path)
    assert forget(link, "gpu-01") == 1
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_file_that_cannot_be_read_or_changed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        KnownHosts.load(tmp_path)
    with pytest.raises(ConfigError, match="/dev/null/known_hosts: cannot be changed"):
        forget(Path("/dev/null/known_hosts"), "gpu-01")


def test_a_lock_that_somebody_holds_for_long_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrolment, "LOCK_WITHIN", 0.2)
    with (
        FileLock(tmp_path / "known_hosts.lock"),
        pytest.raises(ConfigError, match=r"another dcov has been changing it for 0\.2 s"),
    ):
        forget(tmp_path / "known_hosts", "gpu-01")
