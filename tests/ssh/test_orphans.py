"""What another operator's run has left on a server: theirs while something will undo it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ssh.fleets import TRACES, Yard, only, traces, tree
from ssh.test_transaction import CONTROLLER, Ensure, Steps, ensure, file

from dcov import Context, Status, task
from dcov.change import Change
from dcov.errors import LockedError
from dcov.ssh.command import Finished
from dcov.ssh.scripts import remote
from dcov.stack import Survey

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@pytest.fixture
def left(yard: Yard) -> Path:
    """Have another operator's run die after its apply, unconfirmed; returns its journal."""
    yard.fleet()
    (yard.home() / "conf").write_text("old")
    command = (sys.executable, "-c", CONTROLLER, yard.folder, yard.sshd.key_path)
    tests = str(Path(__file__).parents[1])
    path = os.pathsep.join(filter(None, (tests, os.environ.get("PYTHONPATH", ""))))
    alice = subprocess.run(
        (*command, str(yard.sshd.port), yard.sshd.user, "after apply"),
        env={**os.environ, "PYTHONPATH": path, "XDG_STATE_HOME": str(yard.folder / "alice")},
        check=False,
    )
    assert alice.returncode == -signal.SIGKILL
    assert (yard.home() / "conf").read_text() == "new"
    (journal,) = (TRACES / "journal").glob("*")
    return journal


def timer(journal: Path) -> int:
    """Return the process that will take the change back."""
    return int((journal / "timer").read_text())


def is_taken_back(yard: Yard) -> None:
    """Assert that our own run first restores what was there, and then does what it should."""
    outcome = only(yard.fleet().run(ensure(file(yard, "mine"))))
    assert outcome.status is Status.CHANGED, outcome.why
    assert any("took back what 1 unfinished" in note for note in outcome.notes)
    assert sorted(tree(yard.home())) == ["conf", "mine"]
    assert (yard.home() / "conf").read_text() == "old"
    assert traces() == []


def test_while_its_timer_runs_a_change_is_theirs(yard: Yard, left: Path) -> None:
    """It is refused with the name of its holder, and left as it is."""
    outcome = only(yard.fleet().run(ensure(file(yard, "mine"))))
    assert isinstance(outcome.error, LockedError)
    assert outcome.error.holder == (left / "holder").read_text().strip()
    assert (yard.home() / "conf").read_text() == "new"
    assert traces() == [left.name]
    os.killpg(timer(left), signal.SIGKILL)
    is_taken_back(yard)


def test_a_change_whose_timer_was_killed_is_taken_back(yard: Yard, left: Path) -> None:
    """Nobody else would do it any more."""
    os.killpg(timer(left), signal.SIGKILL)
    is_taken_back(yard)


def test_a_change_from_before_a_reboot_is_taken_back(yard: Yard, left: Path) -> None:
    """Whatever process has the timer's number now: a mounted file stands in for the new boot."""
    new = yard.folder / "boot_id"
    new.write_text("11111111-2222-3333-4444-555555555555\n")
    alive = timer(left)
    subprocess.run(("mount", "--bind", new, BOOT_ID), check=True)
    try:
        os.kill(alive, 0)
        is_taken_back(yard)
    finally:
        subprocess.run(("umount", BOOT_ID), check=True)


@pytest.mark.parametrize("hours", [1, 30])
def test_an_upload_that_nobody_went_on_with(yard: Yard, hours: int) -> None:
    """One of today may still go on, and hinders nobody; an older one is swept."""
    yard.fleet()
    run = "20200101-000000-abc.tag.1"
    words = ("sh", "-c", remote("digest.sh", "stage.sh"), "dcov", str(yard.at("binary")), run)
    subprocess.run(words, input=b"half of it", check=True, capture_output=True)
    journal = TRACES / "journal" / run
    then = time.time() - hours * 3600
    os.utime(journal, (then, then))
    outcome = only(yard.fleet().run(ensure(file(yard, "mine"))))
    assert outcome.status is Status.CHANGED, outcome.why
    staged = list(yard.home().glob(".dcov-*"))
    assert [bool(staged), journal.exists()] == ([True, True] if hours == 1 else [False, False])
    subprocess.run(("rm", "-rf", journal, *staged), check=True)


def test_one_that_applies_between_our_question_and_our_apply_is_respected(yard: Yard) -> None:
    """The apply script looks again, under its lock, for a change that nobody has confirmed."""
    fleet = yard.fleet()
    go_on = threading.Event()
    first = Ensure([(file(yard, "theirs"),)], then=lambda _ctx: go_on.wait(20))
    runs: list[Any] = []

    @dataclass(frozen=True, kw_only=True)
    class Late(Steps):
        def plan(self, found: Finished) -> Change:  # runs here, between the two
            if not runs:
                runs.append(fleet.start(first.task()))
                assert first.entered.wait(20)
            return Steps.plan(self, found)

    late = Late(name="late", steps=(("touch", str(yard.at("touched"))),))
    outcome = only(fleet.run(ensure(late, file(yard, "long", "x" * 60_000))))
    assert isinstance(outcome.error, LockedError)
    assert runs[0].id in outcome.error.holder
    assert sorted(tree(yard.home())) == ["theirs"]
    go_on.set()
    assert only(runs[0].wait(20)).status is Status.CHANGED


def test_a_deploy_looks_at_the_server_without_it(yard: Yard, left: Path) -> None:
    """It would take the change for lasting, and it goes at the first converge; a look goes on."""

    @task(on="all")
    def look(ctx: Context, *, settled: bool) -> str:
        (Survey.settled if settled else Survey.of)(ctx)
        return (yard.home() / "conf").read_text()

    assert only(yard.fleet().run(look, settled=False)).value == "new"
    assert only(yard.fleet().run(look, settled=True)).code == "locked"  # its timer runs
    os.killpg(timer(left), signal.SIGKILL)
    assert only(yard.fleet().plan(look, settled=True).report).value == "new"
    assert only(yard.fleet().run(look, settled=True)).value == "old"
    assert traces() == []
