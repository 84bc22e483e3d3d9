"""Workflows over several servers on a real sshd."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import PurePosixPath

import pytest
from ssh.fleets import Yard

from dcov import Context, Fleet, Plan, Report, Status, Step, Workflow, task
from dcov.engine.record import past_run
from dcov.errors import ConfigError, UnknownNameError
from dcov.events import Kind
from dcov.inventory.entry import Role
from dcov.resources import Directory, File


@task(on="workers")
def key(ctx: Context, *, folder: str) -> None:
    """Stand for a step on workers; fails where a file `broken` lies."""
    home = PurePosixPath(folder) / ctx.name
    ctx.run(("test", "!", "-e", str(home / "broken")), reads=True)
    ctx.ensure(File(path=home / "key", content="key\n"))


@task(on="master")
def core(ctx: Context, *, folder: str) -> None:
    """Stand for a step on the master; fails where a file `broken` lies."""
    home = PurePosixPath(folder) / ctx.name
    ctx.run(("test", "!", "-e", str(home / "broken")), reads=True)
    ctx.ensure(File(path=home / "core", content="core\n"))


@task(on="all")
def exporters(ctx: Context, *, folder: str) -> None:
    """Stand for a step on every server."""
    home = PurePosixPath(folder) / ctx.name
    ctx.ensure(Directory(path=home / "exporters"))


@task(on="master")
def targets(ctx: Context, *, folder: str) -> None:
    """Stand for a step that needs another."""
    ctx.ensure(File(path=PurePosixPath(folder) / ctx.name / "targets", content="targets\n"))


def flow(yard: Yard) -> Workflow:
    """Four steps, of which two need an earlier one, and one of these is after a third."""
    params = {"folder": str(yard.folder)}
    return Workflow(
        name="flow",
        summary="Set something up.",
        steps=(
            Step(task=key, params=params),
            Step(task=core, params=params),
            Step(task=exporters, params=params, needs=("key",), after=("core",)),
            Step(task=targets, params=params, needs=("core",)),
        ),
    )


@pytest.fixture
def fleet(yard: Yard) -> Fleet:
    names = ("master", "gpu-01", "gpu-02")
    entries = [yard.sshd.entry(name, n) for n, name in enumerate(names, 1)]
    entries[0] = replace(entries[0], role=Role.MASTER)
    return yard.fleet_of(*entries)


def made(yard: Yard) -> set[str]:
    """What the steps left, by server."""
    return {str(path.relative_to(yard.folder)) for path in yard.folder.glob("*/*")}


EVERYTHING = {
    *("gpu-01/key", "gpu-02/key", "master/core", "master/targets"),
    *("gpu-01/exporters", "gpu-02/exporters", "master/exporters"),
}


def test_steps_run_in_order_each_on_its_servers(yard: Yard, fleet: Fleet) -> None:
    """One run, one outcome a server, and the steps' own reports; again, nothing changes."""
    first = fleet.run(flow(yard))
    assert made(yard) == EVERYTHING
    assert [(step.task, list(step)) for step in first.steps] == [
        ("key", ["gpu-01", "gpu-02"]),
        ("core", ["master"]),
        ("exporters", ["gpu-01", "gpu-02", "master"]),
        ("targets", ["master"]),
    ]
    assert {name: item.status for name, item in first.items()} == dict.fromkeys(
        ("gpu-01", "gpu-02", "master"), Status.CHANGED
    )
    assert len(first["master"].changes) == 3
    again = fleet.run(flow(yard))
    assert not again.changed
    assert {item.status for item in again.outcomes} == {Status.OK}


def test_a_failed_server_stops_neither_others_nor_steps_that_do_not_need_it(
    yard: Yard, fleet: Fleet
) -> None:
    """Its own later steps say which step they would have needed."""
    (yard.home("gpu-01") / "broken").touch()
    report = fleet.run(flow(yard))
    missing = {"gpu-01/key", "gpu-01/exporters"}
    assert made(yard) == EVERYTHING - missing | {"gpu-01/broken"}
    assert report["gpu-01"].status is Status.FAILED
    assert report["gpu-01"].code == "command-failed"
    step = report.steps[2]["gpu-01"]
    assert (step.status, step.why) == (Status.NOT_RUN, "key did not come out well on gpu-01")
    assert report["gpu-02"].status is Status.CHANGED


def test_what_needs_a_failed_master_step_is_not_run(yard: Yard, fleet: Fleet) -> None:
    """Nor what the master would do after it; workers are. A rerun does what is left."""
    (yard.home("master") / "broken").touch()
    report = fleet.run(flow(yard))
    missing = {"master/core", "master/targets", "master/exporters"}
    assert made(yard) == EVERYTHING - missing | {"master/broken"}
    for step in report.steps[2:]:
        assert step["master"].why == "core did not come out well on master"
    assert report["master"].status is Status.FAILED
    (yard.home("master") / "broken").unlink()
    assert fleet.run(flow(yard)).ok
    assert made(yard) == EVERYTHING


def test_an_unreachable_server_is_tried_once(yard: Yard, fleet: Fleet) -> None:
    """The login of a later step would wait for the same timeout again."""
    entry = fleet.site.entries["gpu-02"]
    closed = replace(entry, login=replace(entry.login, port=1))
    report = yard.fleet_of(
        *(closed if item.name == "gpu-02" else item for item in fleet.servers)
    ).run(flow(yard))
    assert report["gpu-02"].status is Status.UNREACHABLE
    assert report.steps[2]["gpu-02"].why == "it could not be reached in key"
    assert made(yard) == {path for path in EVERYTHING if not path.startswith("gpu-02")}


def test_a_plan_touches_nothing_and_can_be_applied(yard: Yard, fleet: Fleet) -> None:
    """Also where a later step would find what an earlier one makes."""
    plan: Plan = fleet.plan(flow(yard))
    assert made(yard) == set()
    assert plan.has_changes
    assert len(plan.report.steps) == 4
    assert plan.apply().ok
    assert made(yard) == EVERYTHING
    assert not fleet.plan(flow(yard)).has_changes


def test_a_plan_is_refused_where_the_server_has_changed(yard: Yard, fleet: Fleet) -> None:
    """For the step that finds it, on that server; the other servers are done."""
    plan = fleet.plan(flow(yard))
    (yard.home("gpu-01") / "key").write_text("somebody else's\n")
    report = plan.apply()
    assert report["gpu-01"].code == "stale-plan"
    assert (yard.home("gpu-01") / "key").read_text() == "somebody else's\n"
    assert report["gpu-02"].status is Status.CHANGED


def test_servers_that_were_chosen_narrow_each_step(yard: Yard, fleet: Fleet) -> None:
    """A step without any of them is left out."""
    report: Report = fleet.where("gpu-01").run(flow(yard))
    assert [step.task for step in report.steps] == ["key", "exporters"]
    assert made(yard) == {"gpu-01/key", "gpu-01/exporters"}


def test_a_step_that_cannot_be_prepared_fails_alone(yard: Yard, fleet: Fleet) -> None:
    """The rest of the workflow is done."""

    def prepare(*_: object, **__: object) -> None:
        raise ConfigError(problems=())

    @task(on="workers", prepare=prepare)
    def unprepared(ctx: Context) -> None:
        """Never get here."""
        ctx.run(("touch", str(yard.folder / ctx.name / "never")))

    whole = flow(yard)
    report = fleet.run(replace(whole, steps=(Step(task=unprepared), *whole.steps)))
    assert report.steps[0]["gpu-01"].code == "config"
    assert made(yard) == EVERYTHING


def test_the_record_and_the_events_tell_the_steps(yard: Yard, fleet: Fleet) -> None:
    """Every event of a server says in which step it came."""
    run = fleet.start(flow(yard))
    events = list(run.events())
    report = run.wait()
    kinds = [event.kind for event in events]
    assert kinds[0] is Kind.RUN_STARTED
    assert kinds[-1] is Kind.RUN_FINISHED
    assert kinds.count(Kind.STEP_STARTED) == kinds.count(Kind.STEP_FINISHED) == 4
    assert all(event.step for event in events if event.server)
    past = past_run(report.run)
    assert past.report is not None
    assert [step["task"] for step in past.report["steps"]] == list(flow(yard).names)
    assert json.dumps(past.report["steps"]) == json.dumps(report.to_dict()["steps"])


def test_a_cancelled_workflow_begins_no_new_step(yard: Yard, fleet: Fleet) -> None:
    """What was not begun is named as not run."""
    run = fleet.start(flow(yard))
    for event in run.events():
        if event.kind is Kind.STEP_FINISHED:
            run.cancel()
    report = run.wait()
    assert made(yard) == {"gpu-01/key", "gpu-02/key"}
    assert [outcome.why for step in report.steps[1:] for outcome in step.outcomes] == [
        "the run was cancelled"
    ] * 5


def test_a_part_of_a_workflow(yard: Yard) -> None:
    """From a step on, or some steps alone; an unknown name is answered with the nearest."""
    whole = flow(yard)
    assert whole.starting_at("exporters").names == ("exporters", "targets")
    assert whole.only("targets", "key").names == ("key", "targets")
    assert whole.only("targets").steps[0].needs == ()
    assert whole.without("core").names == ("key", "exporters", "targets")
    with pytest.raises(UnknownNameError, match="exporters"):
        whole.only("exporter")
    with pytest.raises(ValueError, match="no step before it"):
        replace(whole, steps=(Step(task=targets, needs=("core",)),))
