"""A cancel and a broken link at once: who may have been changed is named."""

from __future__ import annotations

from ssh.fleets import Yard, eventually, login, only, traces, tree
from ssh.test_transaction import ensure, file, slowly, wait_for_step

from dcov import Status
from dcov.testing.proxy import DelayProxy


def test_a_link_cut_in_an_apply_of_a_cancelled_run_leaves_no_doubt_unsaid(yard: Yard) -> None:
    """Nobody logs in again after a cancel: the server undoes by itself, and the report says so."""
    with DelayProxy(yard.sshd.port) as proxy:
        entry = login(yard.sshd.entry("gpu-01"), port=proxy.port)
        fleet = yard.fleet_of(entry, deadline=9)
        run = fleet.start(ensure(file(yard, "one"), slowly(yard)))
        wait_for_step(run, yard)
        run.cancel()
        proxy.cut()
        outcome = only(run.wait(30))
    assert outcome.status is Status.CANCELLED
    assert outcome.rollback.startswith("pending: the server undoes it by itself")
    assert eventually(lambda: traces() == [], within=15)
    assert tree(yard.home()) == {}
