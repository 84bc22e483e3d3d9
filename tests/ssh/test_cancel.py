"""What a cancel ends at once, what it lets come to its end, and who is left in doubt."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from typing import Any

import pytest
from ssh.fleets import Yard, eventually, only, traces, tree
from ssh.test_transaction import Never, Steps, ensure, file

from dcov import Context, Fleet, Server, Status, task
from dcov.change import Change
from dcov.errors import DeadlineError
from dcov.ssh.command import Finished


def here(size: int, **options: Any) -> Fleet:
    """Make a fleet of servers that are all this machine, without SSH."""
    return Fleet.of(*(Server(name=f"s{n}", local=True) for n in range(size))).using(**options)


def test_after_a_cancel_no_apply_begins(yard: Yard) -> None:
    """A server that has asked and not changed anything yet is left as it is."""
    entered, go_on = threading.Event(), threading.Event()

    @task
    def late(ctx: Context) -> None:
        ctx.differs(file(yard, "one"))
        entered.set()
        assert go_on.wait(10)
        ctx.ensure(file(yard, "one"))

    run = yard.fleet().start(late)
    assert entered.wait(10)
    run.cancel()
    go_on.set()
    assert only(run.wait(10)).status is Status.CANCELLED
    assert tree(yard.home()) == {}


def test_a_cancel_between_question_and_apply_is_heard(yard: Yard) -> None:
    """What has been found out is not acted on any more."""
    runs: queue.SimpleQueue[Any] = queue.SimpleQueue()

    @dataclass(frozen=True, kw_only=True)
    class Cancelling(Steps):
        def plan(self, found: Finished) -> Change:  # runs here, between the two
            runs.get(timeout=10).cancel()
            return Steps.plan(self, found)

    wanted = Cancelling(name="touch", steps=(("touch", str(yard.at("one"))),))
    run = yard.fleet().start(ensure(wanted))
    runs.put(run)
    assert only(run.wait(10)).status is Status.CANCELLED
    assert tree(yard.home()) == {}


def test_a_cancel_ends_a_verification(yard: Yard) -> None:
    """It is not looked to the end, and what was applied is taken back."""
    looking = threading.Event()

    def verify(ctx: Context) -> None:
        looking.set()
        ctx.verify(Never(), within=60)

    run = yard.fleet().start(ensure(file(yard, "one"), then=verify))
    assert looking.wait(20)
    run.cancel()
    outcome = only(run.wait(10))
    assert (outcome.status, outcome.rollback) == (Status.CANCELLED, "complete")
    assert tree(yard.home()) == {}


@pytest.mark.parametrize("way", ["cancel", "leave"])
def test_who_does_not_end_in_time_is_named_as_in_doubt(
    monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """After a cancel there is some time to end; whoever leaves does not wait for it."""
    monkeypatch.setattr("dcov.engine.runner.GRACE", 0.5)
    entered, over = threading.Event(), threading.Event()

    @task(on="all")
    def stubborn(ctx: Context) -> None:
        entered.set()
        over.wait(20)

    run = here(2, workers=1).start(stubborn)
    assert entered.wait(10)
    getattr(run, way)()
    report = run.wait(5)
    over.set()
    assert report.summary == "1 cancelled, 1 not_run"
    assert "in doubt" in report["s0"].reason


def test_one_that_comes_late_disturbs_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server past its deadline that ends after all changes no outcome, and takes no more work."""
    before = set(threading.enumerate())
    monkeypatch.setattr("dcov.engine.runner.OVERTIME", 0.2)
    lock, busy, most = threading.Lock(), [0], [0]

    @task(on="all")
    def work(ctx: Context) -> None:
        if ctx.name == "s0":
            time.sleep(1.6)
            return
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        time.sleep(0.4)
        with lock:
            busy[0] -= 1

    report = here(7, workers=1, deadline=0.8).run(work)
    assert report.summary == "6 ok, 1 timed_out"
    assert report["s0"].status is Status.TIMED_OUT
    assert most == [1]
    assert eventually(lambda: set(threading.enumerate()) <= before, within=5)


def test_waiting_for_a_turn_costs_no_time_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server's deadline begins with its turn, however many stand before it."""
    monkeypatch.setattr("dcov.engine.runner.OVERTIME", 0.2)

    @task(on="all")
    def work(ctx: Context) -> None:
        time.sleep(0.5)

    assert here(5, workers=1, deadline=1.2).run(work).summary == "5 ok"


def test_one_past_its_deadline_counts_as_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rollout stops there as at any other failure."""
    monkeypatch.setattr("dcov.engine.runner.OVERTIME", 0.2)
    over = threading.Event()

    @task(on="all")
    def work(ctx: Context) -> None:
        if ctx.name == "s0":
            over.wait(20)

    report = here(3, batch=1, max_failures=0, deadline=0.5).run(work)
    over.set()
    assert report.summary == "1 timed_out, 2 not_run"


def test_no_apply_begins_that_could_not_be_undone_in_time(yard: Yard) -> None:
    """With only seconds left for the server nothing is changed on it."""

    @task
    def late(ctx: Context) -> None:
        time.sleep(2.5)
        ctx.ensure(file(yard, "one"))

    outcome = only(yard.fleet(deadline=7).run(late))
    assert outcome.status is Status.TIMED_OUT
    assert isinstance(outcome.error, DeadlineError)
    assert tree(yard.home()) == {}
    assert traces() == []
