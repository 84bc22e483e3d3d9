"""Host keys taken on trust are named in the report; a plan takes them without a trace."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from ssh.fleets import QUICK, only

from dcov import Context, Fleet, task
from dcov.engine.options import Options
from dcov.errors import HostKeyChangedError
from dcov.events import Event, Kind
from dcov.inventory.site import Site
from dcov.resources import Directory
from dcov.testing.sshd import LoopbackSshd


@task
def look(ctx: Context) -> None:
    """Ask, and change nothing."""
    ctx.ensure(Directory(path=PurePosixPath("/")))


@pytest.fixture
def stranger(own_machine: None) -> Iterator[LoopbackSshd]:
    """Give a second server with keys of its own."""
    with LoopbackSshd() as sshd:
        yield sshd


def fleet_of(sshd: LoopbackSshd, folder: Path, *names: str) -> Fleet:
    entries = (sshd.entry(name, n) for n, name in enumerate(names, 1))
    site = Site.of(*entries, path=folder)
    return Fleet(site=site, options=Options(patience=QUICK, accept_new=True))


def taken(sshd: LoopbackSshd, name: str) -> str:
    return f"host key {sshd.host_key.fingerprint} of {name} taken on trust"


def test_a_key_taken_on_trust_is_named_once(sshd: LoopbackSshd, tmp_path: Path) -> None:
    fleet = fleet_of(sshd, tmp_path, "gpu-01", "gpu-02")
    seen: list[Event] = []
    report = fleet.using(listeners=(seen.append,)).sh("echo hi")
    for name in ("gpu-01", "gpu-02"):
        assert report[name].notes == (taken(sshd, name),)
        assert report[name].why == f"{taken(sshd, name)}; hi"
    said = {event.data["text"] for event in seen if event.kind is Kind.NOTE}
    assert said == {taken(sshd, "gpu-01"), taken(sshd, "gpu-02")}
    assert [outcome.notes for outcome in fleet.sh("true").outcomes] == [(), ()]


def test_that_of_a_jump_host_is_named_with_a_server_behind_it(
    sshd: LoopbackSshd, tmp_path: Path
) -> None:
    behind = [sshd.entry(f"gpu-{n:02}", n, jump="bastion") for n in (2, 3)]
    site = Site.of(sshd.entry("bastion", 1), *behind, path=tmp_path)
    fleet = Fleet(site=site, options=Options(patience=QUICK, accept_new=True))
    report = fleet.where("gpu-*").sh("true")
    notes = sorted(note for outcome in report.outcomes for note in outcome.notes)
    assert notes == sorted(taken(sshd, name) for name in ("bastion", "gpu-02", "gpu-03"))


def test_a_server_that_lets_nobody_in_has_shown_its_key_all_the_same(
    sshd: LoopbackSshd, tmp_path: Path
) -> None:
    entry = sshd.entry("gpu-01")
    nobody = replace(entry, login=replace(entry.login, key_path=None))
    site = Site.of(nobody, path=tmp_path)
    outcome = only(Fleet(site=site, options=Options(patience=QUICK, accept_new=True)).sh("true"))
    assert outcome.code == "auth-refused"
    assert outcome.notes == (taken(sshd, "gpu-01"),)


@pytest.mark.parametrize("connected", [False, True])
def test_a_plan_writes_no_key_down(sshd: LoopbackSshd, tmp_path: Path, *, connected: bool) -> None:
    fleet = fleet_of(sshd, tmp_path, "gpu-01")
    if connected:
        with fleet.connected() as held:
            plan = held.plan(look)
    else:
        plan = fleet.plan(look)
    assert only(plan.report).notes == (taken(sshd, "gpu-01"),)
    assert list(tmp_path.iterdir()) == []
    plan.apply().raise_for_failures()
    assert (tmp_path / "known_hosts").read_text().startswith("gpu-01 ")


def test_a_plan_believes_only_the_first_key(
    sshd: LoopbackSshd, stranger: LoopbackSshd, tmp_path: Path
) -> None:
    """Two machines that claim one name: whoever comes second is refused, in a plan as well."""
    address = sshd.entry("gate"), replace(stranger.entry("gate"), name="GATE")
    fleet = Fleet(
        site=Site.of(*address, path=tmp_path),
        options=Options(patience=QUICK, accept_new=True, workers=1),
    )
    report = fleet.plan(look).report
    assert report["gate"].error is None
    assert isinstance(report["GATE"].error, HostKeyChangedError)
    assert report["GATE"].notes == ()


def test_who_is_known_is_not_taken_on_trust(sshd: LoopbackSshd, tmp_path: Path) -> None:
    shutil.copy(sshd.known_hosts(["gpu-01"]), tmp_path / "known_hosts")
    assert only(fleet_of(sshd, tmp_path, "gpu-01").sh("true")).notes == ()
