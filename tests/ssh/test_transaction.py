"""Changing a server as one transaction, on a real sshd, with faults made by their causes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from ssh.fleets import TRACES, Yard, eventually, login, only, running, traces, tree

from dcov import Context, Status, task
from dcov.change import Action, Change
from dcov.converge import group
from dcov.converge.resource import Step
from dcov.errors import (
    ApplyError,
    ContentRefusedError,
    ConvergeError,
    DcovError,
    ExpiredError,
    LockedError,
    PathTakenError,
    StalePlanError,
    VerifyError,
)
from dcov.resources.command import Command
from dcov.resources.directory import AbsentDirectory, Directory
from dcov.resources.file import AbsentFile, File
from dcov.ssh.command import Argv, Finished, Shell
from dcov.testing.proxy import DelayProxy

LOCK = Path("/run/lock/dcov")


@dataclass(frozen=True, kw_only=True)
class Steps:
    """A resource of this test alone: always to be done, by these steps."""

    name: str
    steps: tuple[Step, ...]

    def probe(self) -> Argv:
        return ("true",)

    def plan(self, found: Finished) -> Change:
        return Change(resource=f"steps:{self.name}", action=Action.UPDATE)

    def apply(self, change: Change) -> tuple[Step, ...]:
        return self.steps


FAILS = Steps(name="fails", steps=(("false",),))


def file(yard: Yard, name: str, content: str = "new\n", **more: Any) -> File:
    return File(path=yard.at(name), content=content, **more)


@dataclass
class Ensure:
    """A task's body: ensure each group in turn, then do something else."""

    groups: list[tuple[Any, ...]]
    then: Any = None
    entered: threading.Event = field(default_factory=threading.Event)

    def task(self) -> Any:
        @task
        def converge(ctx: Context) -> None:
            for resources in self.groups:
                ctx.ensure(*resources)
            self.entered.set()
            if self.then is not None:
                self.then(ctx)

        return converge


def ensure(*group: Any, then: Any = None) -> Any:
    return Ensure([group], then=then).task()


def test_what_was_applied_stays_and_leaves_no_trace(yard: Yard) -> None:
    """After a commit there are the files, and neither a journal nor a staged or kept one."""
    yard.fleet()
    (yard.home() / "old").write_text("old\n")
    wanted = (
        Directory(path=yard.at("etc"), mode=0o750, owner="daemon"),
        file(yard, "etc/one", mode=0o640, group="daemon"),
        file(yard, "old", "x" * 100_000),  # too long for the script: an upload
        AbsentFile(path=yard.at("gone")),
    )
    fleet = yard.fleet()
    outcome = only(fleet.run(ensure(*wanted)))
    assert outcome.status is Status.CHANGED, outcome.why
    assert tree(yard.home()) == {
        "etc": ("drwxr-x---", 1, 0, None),
        "etc/one": ("-rw-r-----", 0, 1, b"new\n"),
        "old": ("-rw-r--r--", 0, 0, b"x" * 100_000),
    }
    assert list(TRACES.glob("*")) == []
    again = only(fleet.run(ensure(*wanted)))
    assert (again.status, again.cost.connections, again.cost.execs) == (Status.OK, 1, 1)


def test_one_ensure_costs_a_probe_an_apply_and_a_commit(yard: Yard) -> None:
    """Small files travel in the script: three execs and no upload, however many they are."""
    wanted = [file(yard, f"f{n}", "x" * 1000) for n in range(20)]
    outcome = only(yard.fleet().run(ensure(*wanted)))
    assert (outcome.status, outcome.cost.execs, outcome.cost.uploaded) == (Status.CHANGED, 3, 0)


def furnish(home: Path) -> None:
    """Put one of each kind into a server's folder."""
    (home / "kept").mkdir(mode=0o711)
    os.chown(home / "kept", 1, 1)
    (home / "conf").write_text("old\n")
    (home / "conf").chmod(0o604)
    os.chown(home / "conf", 1, 2)
    (home / "unwanted").write_text("still wanted after all\n")
    (home / "link").symlink_to("conf")
    (home / "dangling").symlink_to("nowhere")
    (home / "empty").mkdir(mode=0o701)


def everything(yard: Yard) -> tuple[Any, ...]:
    return (
        Directory(path=yard.at("kept"), mode=0o755),
        Directory(path=yard.at("new/deep/er")),
        file(yard, "new/deep/er/short"),
        file(yard, "new/deep/er/long", "x" * 100_000),
        file(yard, "conf"),
        AbsentFile(path=yard.at("unwanted")),
        AbsentFile(path=yard.at("link")),
        AbsentFile(path=yard.at("dangling")),
        AbsentDirectory(path=yard.at("empty")),
    )


def test_a_failing_step_takes_everything_back(yard: Yard) -> None:
    """Content, modes, owners, links and folders are as they were; nothing new is left."""
    fleet = yard.fleet()
    furnish(yard.home())
    before = tree(yard.home())
    outcome = only(fleet.run(ensure(*everything(yard), FAILS)))
    assert isinstance(outcome.error, ApplyError)
    assert (outcome.error.resource, outcome.error.exit_code) == ("steps:fails", 1)
    assert (outcome.status, outcome.rollback) == (Status.FAILED, "complete")
    assert tree(yard.home()) == before
    assert list(TRACES.glob("*")) == []


@dataclass(frozen=True, kw_only=True)
class Knowing(Steps):
    """One that knows a reason for which its step fails."""

    def diagnose(self, words: str) -> ConvergeError | None:
        return PathTakenError(path=words, kind="riddle") if "sphinx" in words else None


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("the sphinx sits here", "path-taken"),
        ("something else", "apply-failed"),
        ("write /srv/x: no space left on device", "disk-full"),
    ],
)
def test_a_resource_names_the_cause_of_its_own_failure(yard: Yard, words: str, code: str) -> None:
    """By the last words of its step; what every program says of a full disk nobody must know."""
    fleet = yard.fleet()
    fails: Step = ("sh", "-c", 'echo "$1" >&2; exit 3', "sh", words)
    outcome = only(
        fleet.run(ensure(file(yard, "new"), Knowing(name="knowing", steps=(fails,)), FAILS))
    )
    assert outcome.code == code
    assert words in outcome.why
    assert (outcome.rollback, tree(yard.home())) == ("complete", {})


def test_a_task_that_raises_takes_everything_back(yard: Yard) -> None:
    """What two groups have applied is undone, the newest first, whatever the task raised."""
    fleet = yard.fleet()
    furnish(yard.home())
    before = tree(yard.home())

    def fall(ctx: Context) -> None:
        assert (yard.home() / "second").read_text() == "2"
        raise SystemExit(3)

    groups = [(*everything(yard), file(yard, "second", "1")), (file(yard, "second", "2"),)]
    outcome = only(fleet.run(Ensure(groups, then=fall).task()))
    assert (outcome.status, outcome.rollback) == (Status.FAILED, "complete")
    assert isinstance(outcome.error, SystemExit)
    assert tree(yard.home()) == before


def test_undo_is_followed_backwards_and_settle_forwards_after_it(yard: Yard) -> None:
    """What a resource notes before it acts is what takes it back, in the promised order."""
    log = yard.at("log")

    def say(word: str) -> tuple[str, ...]:
        return ("sh", "-c", f"echo '{word}' >>{log}")

    first = Steps(
        name="first",
        steps=(("undo", *say("u1")), ("settle", *say("s1")), ("undo", *say("u2")), say("do")),
    )
    second = Steps(
        name="second",
        steps=(
            Shell(f"undo sh -c 'echo u3 >>{log}'"),
            ("settle", *say("s2")),
            ("undo", "sh", "-c", 'echo "$1" >>"$2"', "sh", "it's; $HOME", str(log)),
            ("false",),
        ),
    )
    outcome = only(yard.fleet().run(ensure(first, second)))
    assert outcome.rollback == "complete"
    said = (yard.home() / "log").read_text().splitlines()
    assert said == ["do", "it's; $HOME", "u3", "u2", "u1", "s1", "s2"]


def test_an_incomplete_rollback_is_said(yard: Yard) -> None:
    """The report names what could not be taken back, and the rest is taken back all the same."""
    stuck = Steps(name="stuck", steps=(("undo", "sh", "-c", "echo no way back; exit 4"), ("true",)))
    outcome = only(yard.fleet().run(ensure(file(yard, "one"), stuck, FAILS)))
    assert outcome.rollback.startswith("incomplete: ")
    assert "no way back" in outcome.rollback
    assert tree(yard.home()) == {}


def touched(path: Path) -> int:
    """Return when the file was last written, 0 where it is absent."""
    return path.stat().st_mtime_ns if path.exists() else 0


def test_a_plan_changes_nothing(yard: Yard) -> None:
    """A plan names every change, what is created inside of a pending folder included."""
    fleet = yard.fleet()
    furnish(yard.home())
    before, locked = tree(yard.home()), touched(LOCK)
    plan = fleet.plan(ensure(*everything(yard)))
    outcome = only(plan.report)
    assert len([change for change in outcome.changes if change.needed]) == 9
    assert tree(yard.home()) == before
    assert touched(LOCK) == locked
    assert list(TRACES.glob("*")) == []
    applied = only(plan.apply())
    assert (applied.status, applied.rollback) == (Status.CHANGED, "")


def test_a_plan_is_not_applied_to_a_server_that_has_changed_since(yard: Yard) -> None:
    """Only the server that somebody else has touched is refused."""
    fleet = yard.fleet("gpu-01", "gpu-02")

    @task
    def configure(ctx: Context) -> None:
        ctx.ensure(File(path=yard.at("conf", ctx.name), content="new\n"))

    plan = fleet.plan(configure)
    (yard.home("gpu-02") / "conf").write_text("by hand\n")
    report = plan.apply()
    assert report["gpu-01"].status is Status.CHANGED
    assert isinstance(report["gpu-02"].error, StalePlanError)
    assert (yard.home("gpu-02") / "conf").read_text() == "by hand\n"


def test_what_changes_between_probe_and_apply_is_not_overwritten(yard: Yard) -> None:
    """The apply script asks again under its lock, before it changes anything."""

    @dataclass(frozen=True, kw_only=True)
    class Meddler(Steps):
        def plan(self, found: Finished) -> Change:  # runs here, between the two
            (yard.home() / "conf").write_text("by hand, just now\n")
            return Steps.plan(self, found)

    meddler = Meddler(name="meddler", steps=(("touch", str(yard.at("touched"))),))
    wanted = (file(yard, "long", "x" * 60_000), file(yard, "conf"), meddler)
    outcome = only(yard.fleet().run(ensure(*wanted)))
    assert isinstance(outcome.error, StalePlanError)
    assert outcome.error.resource == f"file:{yard.at('conf')}"
    assert sorted(tree(yard.home())) == ["conf"]
    assert (yard.home() / "conf").read_text() == "by hand, just now\n"
    assert list(TRACES.glob("*")) == []


def test_a_checker_has_the_last_word(yard: Yard) -> None:
    """Refused content is not placed, and the checker's words are in the error."""
    fleet = yard.fleet()
    (yard.home() / "conf").write_text("good\n")
    check = ("sh", "-c", 'grep good "$1" || { echo "no good in $1"; exit 1; }', "sh")
    wanted = (file(yard, "other"), file(yard, "conf", "bad\n", validate=check))
    outcome = only(fleet.run(ensure(*wanted)))
    assert isinstance(outcome.error, ContentRefusedError)
    assert outcome.error.path == str(yard.at("conf"))
    assert "no good in" in outcome.error.tail
    assert (yard.home() / "conf").read_text() == "good\n"
    assert sorted(tree(yard.home())) == ["conf"]
    well = (file(yard, "other"), file(yard, "conf", "good too\n", validate=check))
    assert only(fleet.run(ensure(*well))).status is Status.CHANGED


def test_an_inner_task_keeps_its_own(yard: Yard) -> None:
    """What an inner task applied is committed when it returns, whatever comes of the outer."""
    inner = ensure(file(yard, "inner"))

    @task
    def outer(ctx: Context) -> None:
        ctx.ensure(file(yard, "outer"))
        inner(ctx)
        ctx.ensure(file(yard, "outer-two"))
        raise RuntimeError("after all")

    outcome = only(yard.fleet().run(outer))
    assert (outcome.code, outcome.rollback) == ("bug", "complete")
    assert sorted(tree(yard.home())) == ["inner"]


class Never:
    """A check that is never content."""

    name = "the file is blue"

    def look(self, ctx: Context) -> str:
        return "it is red"

    def diagnose(self, ctx: Context, *, seen: str) -> DcovError | None:
        return None


def test_a_failed_verification_takes_back(yard: Yard) -> None:
    """What does not do what it should does not stay, and the last look is in the error."""
    wanted = ensure(file(yard, "one"), then=lambda ctx: ctx.verify(Never(), within=0.1))
    outcome = only(yard.fleet().run(wanted))
    assert isinstance(outcome.error, VerifyError)
    assert "it is red" in outcome.why
    assert outcome.rollback == "complete"
    assert tree(yard.home()) == {}


def test_another_run_that_has_not_confirmed_is_respected(yard: Yard) -> None:
    """The second run is refused, names the first one's holder, and neither is harmed."""
    fleet = yard.fleet()
    go_on = threading.Event()
    first = Ensure([(file(yard, "one"),)], then=lambda ctx: go_on.wait(20))
    run = fleet.start(first.task())
    assert first.entered.wait(20)
    refused = only(fleet.run(ensure(file(yard, "two"))))
    assert isinstance(refused.error, LockedError)
    assert run.id in refused.error.holder
    unchanged = only(fleet.run(ensure(Directory(path=yard.at(".")))))
    assert isinstance(unchanged.error, LockedError)
    planned = only(fleet.plan(ensure(file(yard, "two"))).report)
    assert planned.status is Status.CHANGED  # a plan never waits for a lock
    go_on.set()
    assert only(run.wait(20)).status is Status.CHANGED
    assert sorted(tree(yard.home())) == ["one"]


def wait_for_step(run: Any, yard: Yard) -> None:
    """Wait until the slow step has begun."""
    if not eventually((yard.folder / "started").exists):
        run.cancel()
        pytest.fail(f"never begun: {run.wait(40).outcomes}")


def hold_lock(seconds: float) -> subprocess.Popen[bytes]:
    script = f"echo somebody >{LOCK}; sleep {seconds}"
    holding = subprocess.Popen(("flock", LOCK, "sh", "-c", script), start_new_session=True)
    assert eventually(lambda: LOCK.exists() and LOCK.read_text() == "somebody\n")
    return holding


def test_a_lock_that_is_let_go_in_time_is_waited_for(yard: Yard) -> None:
    """Two runs that meet in the short time of an apply do not refuse one another."""
    holding = hold_lock(1.5)
    outcome = only(yard.fleet().run(ensure(file(yard, "one"))))
    assert outcome.status is Status.CHANGED
    assert outcome.seconds > 0.5
    holding.wait()


def test_a_lock_that_is_held_names_its_holder(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """A live apply of somebody else is not disturbed; nothing is changed or left behind."""
    monkeypatch.setattr(group, "LOCK_WAIT", 1)
    holding = hold_lock(60)
    try:
        outcome = only(yard.fleet().run(ensure(file(yard, "one", "x" * 60_000))))
    finally:
        os.killpg(holding.pid, signal.SIGKILL)
        holding.wait()
    assert isinstance(outcome.error, LockedError)
    assert outcome.error.holder == "somebody"
    assert tree(yard.home()) == {}
    assert traces() == []


def slowly(yard: Yard, seconds: float = 2.0) -> Steps:
    """Take some time, and show in the file `started` that it has begun."""
    script = f"touch {yard.folder}/started; sleep {seconds}; :"
    return Steps(name="slowly", steps=(("sh", "-c", script),))


@pytest.mark.parametrize("fails", [False, True], ids=["well", "failing"])
def test_a_link_cut_during_apply_costs_nothing_but_a_login(yard: Yard, fails: bool) -> None:  # noqa: FBT001
    """The second attempt waits for the first one's end and reports what that one did."""
    with DelayProxy(yard.sshd.port) as proxy:
        entry = login(yard.sshd.entry("gpu-01"), port=proxy.port)
        fleet = yard.fleet_of(entry)
        wanted = (file(yard, "one"), slowly(yard), *((FAILS,) if fails else ()), file(yard, "two"))
        run = fleet.start(ensure(*wanted))
        wait_for_step(run, yard)
        proxy.cut()
        outcome = only(run.wait(60))
    assert outcome.cost.connections == 2
    assert any("the link broke during apply" in note for note in outcome.notes)
    if fails:
        assert isinstance(outcome.error, ApplyError)
        assert (outcome.error.resource, outcome.rollback) == ("steps:fails", "complete")
        assert tree(yard.home()) == {}
    else:
        assert outcome.status is Status.CHANGED, outcome.why
        assert sorted(tree(yard.home())) == ["one", "two"]


def test_an_apply_that_was_killed_half_way_is_taken_back(yard: Yard) -> None:
    """Where the first attempt died with the link, the second one undoes what it had done."""
    with DelayProxy(yard.sshd.port) as proxy:
        fleet = yard.fleet_of(login(yard.sshd.entry("gpu-01"), port=proxy.port))
        run = fleet.start(ensure(file(yard, "one"), slowly(yard)))
        wait_for_step(run, yard)
        (journal,) = (TRACES / "journal").glob("*")
        os.killpg(int((journal / "group").read_text()), signal.SIGKILL)
        proxy.cut()
        outcome = only(run.wait(60))
    assert isinstance(outcome.error, ApplyError), outcome.why
    assert outcome.rollback == "complete"
    assert tree(yard.home()) == {}


def test_an_apply_longer_than_the_wait_for_a_lock_survives_a_cut(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second attempt waits for its own first one as long as that may take."""
    monkeypatch.setattr(group, "LOCK_WAIT", 1)
    with DelayProxy(yard.sshd.port) as proxy:
        fleet = yard.fleet_of(login(yard.sshd.entry("gpu-01"), port=proxy.port))
        run = fleet.start(ensure(file(yard, "one"), slowly(yard, 3.5)))
        wait_for_step(run, yard)
        proxy.cut()
        outcome = only(run.wait(60))
    assert outcome.status is Status.CHANGED, outcome.why
    assert sorted(tree(yard.home())) == ["one"]


def test_a_change_that_nobody_confirms_in_time_undoes_itself(yard: Yard) -> None:
    """After the server's deadline the former state is back, and the late run is told so."""
    fleet = yard.fleet(deadline=8)
    furnish(yard.home())
    before = tree(yard.home())
    times: list[bool] = []

    def linger(ctx: Context) -> None:
        times.append((yard.home() / "conf").read_text() == "new\n")
        times.append(eventually(lambda: traces() == [], within=15))

    outcome = only(fleet.run(ensure(*everything(yard), then=linger)))
    assert times == [True, True]
    assert isinstance(outcome.error, ExpiredError)
    assert outcome.error.rollback == "complete"
    assert tree(yard.home()) == before
    assert list(TRACES.glob("*")) == []


def test_a_hanging_apply_is_ended_and_undone_at_the_deadline(yard: Yard) -> None:
    """A step that never ends does not hold the lock for ever: the server ends it by itself."""
    outcome = only(yard.fleet(deadline=8).run(ensure(file(yard, "one"), slowly(yard, 60))))
    assert outcome.status in (Status.TIMED_OUT, Status.FAILED)
    assert eventually(lambda: traces() == [], within=15)
    assert running(f"touch {yard.folder}/started") == []
    assert tree(yard.home()) == {}


CONTROLLER = """
import os, signal, sys
from pathlib import Path, PurePosixPath

import dcov.converge.transaction
from dcov import Context, Fleet, task
from dcov.engine.options import Options
from dcov.inventory.entry import Entry, Login
from dcov.inventory.site import Site
from dcov.resources.directory import Directory
from dcov.resources.file import File
from ssh.test_transaction import Steps

folder, key, port, user, point = sys.argv[1:]
pause = 1.5 if point == "during apply" else 0
home = PurePosixPath(folder) / "gpu-01"
login = Login(address="127.0.0.1", port=int(port), user=user, key_path=Path(key), agent=False)
site = Site.of(Entry(name="gpu-01", login=login), path=Path(folder))
persist = dcov.converge.transaction.Converger._persist


def die_at(self, script, *, shown, within):
    if point == f"before {shown}":
        os.kill(os.getpid(), signal.SIGKILL)
    done = persist(self, script, shown=shown, within=within)
    if point == f"after {shown}":
        os.kill(os.getpid(), signal.SIGKILL)
    return done


dcov.converge.transaction.Converger._persist = die_at


@task
def converge(ctx: Context) -> None:
    ctx.ensure(
        Directory(path=home / "kept"),
        Directory(path=home / "etc"),
        File(path=home / "etc/long", content="x" * 60_000),
        File(path=home / "conf", content="new"),
        Steps(name="slowly", steps=(("sh", "-c", f"touch {folder}/started; sleep {pause}"),)),
    )


print(Fleet(site=site).run(converge).summary)
"""

POINTS = ["before apply", "during apply", "after apply", "before commit", "after commit"]


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_controller_leaves_nothing_that_a_rerun_does_not_mend(
    yard: Yard, point: str
) -> None:
    """After kill -9 at any point the same task converges, and nothing of the dead run is left."""
    fleet = yard.fleet()
    furnish(yard.home())
    tests = str(Path(__file__).parents[1])
    controller = subprocess.Popen(
        (sys.executable, "-c", CONTROLLER, yard.folder, yard.sshd.key_path, str(yard.sshd.port),
         yard.sshd.user, point),
        env={**os.environ, "PYTHONPATH": tests},
    )  # fmt: skip
    if point == "during apply":
        assert eventually((yard.folder / "started").exists, within=20)
        controller.kill()
    assert controller.wait(30) == -signal.SIGKILL
    assert (traces() == []) == (point == "after commit")
    wanted = (
        Directory(path=yard.at("kept")),
        Directory(path=yard.at("etc")),
        file(yard, "etc/long", "x" * 60_000),
        file(yard, "conf", "new"),
    )
    outcome = only(fleet.run(ensure(*wanted)))
    assert outcome.status is (Status.OK if point == "after commit" else Status.CHANGED)
    assert sorted(tree(yard.home())) == [
        "conf", "dangling", "empty", "etc", "etc/long", "kept", "link", "unwanted",
    ]  # fmt: skip
    assert list(TRACES.glob("*")) == []


def test_the_server_undoes_what_a_dead_controller_left(yard: Yard) -> None:
    """Nobody comes back: the server's own timer restores the former state and clears up."""
    yard.fleet()
    furnish(yard.home())
    before = tree(yard.home())
    script = CONTROLLER.replace("Fleet(site=site)", "Fleet(site=site).using(deadline=8)")
    controller = subprocess.run(
        (sys.executable, "-c", script, yard.folder, yard.sshd.key_path, str(yard.sshd.port),
         yard.sshd.user, "after apply"),
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        check=False,
    )  # fmt: skip
    assert controller.returncode == -signal.SIGKILL
    assert (yard.home() / "conf").read_text() == "new"
    assert eventually(lambda: traces() == [], within=15)
    assert tree(yard.home()) == before


def test_a_resource_of_the_users_own_converges(yard: Yard) -> None:
    """The composer knows no resource by name: three methods are all that a new one needs."""

    @dataclass(frozen=True, kw_only=True)
    class Line:
        path: PurePosixPath
        line: str

        def probe(self) -> Argv:
            return ("grep", "-qxF", "--", self.line, str(self.path))

        def plan(self, found: Finished) -> Change:
            action = Action.UPDATE if found.exit_code else Action.NOOP
            return Change(resource=f"line:{self.path}", action=action, diff=(f"+{self.line}",))

        def apply(self, change: Change) -> tuple[Step, ...]:
            return (
                ("keep", str(self.path)),
                ("sh", "-c", 'echo "$2" >>"$1"', "sh", str(self.path), self.line),
            )

    fleet = yard.fleet()
    (yard.home() / "hosts").write_text("one\n")
    wanted = Line(path=yard.at("hosts"), line="it's two; $HOME `id`")
    assert only(fleet.run(ensure(wanted))).status is Status.CHANGED
    assert (yard.home() / "hosts").read_text() == "one\nit's two; $HOME `id`\n"
    assert only(fleet.run(ensure(wanted))).status is Status.OK


def test_a_command_runs_unless_its_guard_is_content(yard: Yard) -> None:
    """A command is run once, and its `undo` takes it back with the rest."""
    made = yard.at("made")
    make = Command(
        name="make", argv=("touch", str(made)), unless=("test", "-e", str(made)),
        undo=("rm", str(made)),
    )  # fmt: skip
    fleet = yard.fleet()
    assert only(fleet.run(ensure(make, FAILS))).rollback == "complete"
    assert tree(yard.home()) == {}
    assert only(fleet.run(ensure(make))).status is Status.CHANGED
    assert only(fleet.run(ensure(make))).status is Status.OK
