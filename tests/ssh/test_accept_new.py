"""Unknown host keys taken on trust: written down once, and judged by from then on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from ssh.fleets import QUICK, only

from dcov import Fleet
from dcov.engine.options import Options
from dcov.errors import ConfigError, HostKeyChangedError, HostKeyUnknownError
from dcov.inventory.site import Site
from dcov.ssh.enrolment import enrol
from dcov.ssh.known_hosts import KnownHosts, Verdict
from dcov.testing.sshd import LoopbackSshd


@pytest.fixture
def stranger(own_machine: None) -> Iterator[LoopbackSshd]:
    """Give a second server with keys of its own."""
    with LoopbackSshd() as sshd:
        yield sshd


def fleet_of(sshd: LoopbackSshd, folder: Path, *names: str, accept_new: bool = True) -> Fleet:
    entries = (sshd.entry(name, n) for n, name in enumerate(names, 1))
    site = Site.of(*entries, path=folder)
    return Fleet(site=site, options=Options(patience=QUICK, accept_new=accept_new))


def test_strict_is_the_default(sshd: LoopbackSshd, tmp_path: Path) -> None:
    outcome = only(fleet_of(sshd, tmp_path, "gpu-01", accept_new=False).sh("true"))
    assert isinstance(outcome.error, HostKeyUnknownError)
    assert not (tmp_path / "known_hosts").exists()


def test_a_newcomer_is_written_down_and_known_to_strict_runs(
    sshd: LoopbackSshd, tmp_path: Path
) -> None:
    names = [f"gpu-{n:02}" for n in range(1, 21)]
    fleet_of(sshd, tmp_path, *names).sh("true").raise_for_failures()
    lines = (tmp_path / "known_hosts").read_text().splitlines()
    assert sorted(line.split()[0] for line in lines) == names
    fleet_of(sshd, tmp_path, *names, accept_new=False).sh("true").raise_for_failures()


def test_a_second_run_writes_nothing(sshd: LoopbackSshd, tmp_path: Path) -> None:
    for _ in range(2):
        fleet_of(sshd, tmp_path, "gpu-01").sh("true").raise_for_failures()
    assert (tmp_path / "known_hosts").read_text().count("gpu-01 ") == 1


def test_a_jump_host_is_a_newcomer_too(sshd: LoopbackSshd, tmp_path: Path) -> None:
    behind = sshd.entry("gpu-01", 2, jump="bastion")
    site = Site.of(sshd.entry("bastion", 1), behind, path=tmp_path)
    fleet = Fleet(site=site, options=Options(patience=QUICK, accept_new=True))
    fleet.where("gpu-01").sh("true").raise_for_failures()
    names = {line.split()[0] for line in (tmp_path / "known_hosts").read_text().splitlines()}
    assert names == {"bastion", "gpu-01"}


def test_another_key_later_is_a_change_and_not_a_newcomer(
    sshd: LoopbackSshd, stranger: LoopbackSshd, tmp_path: Path
) -> None:
    fleet_of(sshd, tmp_path, "gpu-01").sh("true").raise_for_failures()
    was = (tmp_path / "known_hosts").read_text()
    outcome = only(fleet_of(stranger, tmp_path, "gpu-01").sh("true"))
    assert isinstance(outcome.error, HostKeyChangedError)
    assert (tmp_path / "known_hosts").read_text() == was


def test_another_key_in_the_same_run_is_a_change(
    sshd: LoopbackSshd, stranger: LoopbackSshd, tmp_path: Path
) -> None:
    """Two machines that claim one name: whoever came second is refused."""
    fleet = fleet_of(sshd, tmp_path, "gpu-01")
    with fleet.connected() as open_fleet:
        open_fleet.sh("true").raise_for_failures()
        moved = replace(stranger.entry("gpu-01"))
        site = Site.of(moved, path=tmp_path)
        outcome = only(replace(fleet, site=site).sh("true"))
    assert isinstance(outcome.error, HostKeyChangedError)


def test_many_at_once_write_one_line(sshd: LoopbackSshd, tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    threads = [
        Thread(target=enrol, args=(file,), kwargs={"name": "gpu-01", "key": sshd.host_key})
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert file.read_text().count("\n") == 1


def test_of_two_runs_with_different_keys_the_second_is_refused(
    sshd: LoopbackSshd, stranger: LoopbackSshd, tmp_path: Path
) -> None:
    file = tmp_path / "known_hosts"
    assert enrol(file, name="gpu-01", key=sshd.host_key).verdict is Verdict.KNOWN
    again = enrol(file, name="gpu-01", key=stranger.host_key)
    assert again.verdict is Verdict.CHANGED
    assert KnownHosts.load(file).check("gpu-01", key=sshd.host_key).verdict is Verdict.KNOWN


def test_a_file_that_cannot_be_written_is_said(sshd: LoopbackSshd, tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.mkdir()  # the rights of a file would not stop root
    with pytest.raises(ConfigError, match="cannot be changed"):
        enrol(file, name="gpu-01", key=sshd.host_key)
    assert list(file.iterdir()) == []
