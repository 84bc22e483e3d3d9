"""The double that can be changed: it converges, keeps, and takes back as a server does."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from dcov import Context, task
from dcov.change import Action
from dcov.errors import ApplyError, ContentRefusedError, NotReadOnlyError, PathTakenError
from dcov.resources import (
    AbsentDirectory,
    AbsentFile,
    AbsentTree,
    AbsentUnit,
    AbsentUser,
    Binary,
    Command,
    Directory,
    File,
    Resource,
    Unit,
    User,
)
from dcov.ssh.command import Finished
from dcov.ssh.session import digest
from dcov.testing import FakeServer

PROGRAM = b"\x7fELF\0\xff program"
UNIT = "[Service]\nExecStart=/usr/local/bin/app --port 1\n"
UNIT_FILE = "/etc/systemd/system/app.service"


def app(folder: Path, *, unit: str = UNIT) -> tuple[Resource, ...]:
    """A program that runs as a service, as exporters do."""
    program = folder / "app"
    program.write_bytes(PROGRAM)
    return (
        User(name="app", groups=("video",)),
        Directory(path=PurePosixPath("/etc/app"), owner="app", mode=0o750),
        File(path=PurePosixPath("/etc/app/it's here.conf"), content="it's\n$new\n", mode=0o640),
        Binary(path=PurePosixPath("/usr/local/bin/app"), source=program, sha256=digest(PROGRAM)),
        File(path=PurePosixPath(UNIT_FILE), content=unit),
        Unit(name="app", binary_sha256=digest(PROGRAM), started_with=digest(unit.encode())),
    )


def converge(ctx: Context, *resources: Resource, fails: bool = False) -> None:
    """Run a task that ensures these."""

    @task
    def ensure(ctx: Context) -> None:
        """Ensure them."""
        ctx.ensure(*resources)
        if fails:
            raise RuntimeError("it does not answer")

    ensure(ctx)


def actions(server: FakeServer, *resources: Resource) -> list[Action]:
    """What a plan says of each."""
    ctx = server.context(planning=True)
    converge(ctx, *resources)
    return [change.action for change in ctx.changes]


def test_a_blank_server_gets_all_of_it_and_needs_nothing_more(tmp_path: Path) -> None:
    server = FakeServer()
    wanted = app(tmp_path)
    assert actions(server, *wanted) == [Action.CREATE] * 6
    assert server.files == {}
    converge(server.context(), *wanted)
    assert server.files["/etc/app/it's here.conf"] == "it's\n$new\n"
    assert server.files["/usr/local/bin/app"] == PROGRAM
    assert server.folders == {"/etc/app"}
    assert (server.users, server.units, server.enabled) == (
        {"app": {"video"}},
        {"app": "active"},
        {"app"},
    )
    assert actions(server, *wanted) == [Action.NOOP] * 6
    assert server.starts["app"] == 1


def test_what_a_unit_reads_at_its_start_restarts_it(tmp_path: Path) -> None:
    server = FakeServer()
    converge(server.context(), *app(tmp_path))
    converge(server.context(), *app(tmp_path, unit=UNIT.replace("1", "2")))
    assert server.starts["app"] == 2
    assert "--port 2" in str(server.files[UNIT_FILE])
    server.files["/usr/local/bin/app"] = b"another"
    server.units["app"] = "inactive"
    plan = server.context(planning=True)
    converge(plan, *app(tmp_path))
    assert [change.resource for change in plan.changes if change.needed] == [
        "binary:/usr/local/bin/app",
        f"file:{UNIT_FILE}",
        "unit:app",
    ]


def test_a_file_that_changed_since_its_unit_was_loaded_is_seen() -> None:
    server = FakeServer(files={UNIT_FILE: UNIT}, units={"app": "active"})
    assert actions(server, Unit(name="app")) == [Action.NOOP]
    server.files[UNIT_FILE] = UNIT + "# changed\n"
    converge(server.context(), Unit(name="app"))
    assert server.starts["app"] == 1
    assert actions(server, Unit(name="app")) == [Action.NOOP]


def test_what_was_applied_is_taken_back_when_the_task_raises(tmp_path: Path) -> None:
    """In the same collections that the test holds."""
    server = FakeServer(files={"/etc/motd": "old\n"}, units={"other": "active"})
    files, units = server.files, server.units
    with pytest.raises(RuntimeError):
        converge(server.context(), *app(tmp_path), fails=True)
    assert (files, units) == ({"/etc/motd": "old\n"}, {"other": "active"})
    assert (server.users, server.folders, server.enabled) == ({}, set(), {"other"})
    assert actions(server, *app(tmp_path)) == [Action.CREATE] * 6


def test_a_step_may_fail_and_takes_the_others_back(tmp_path: Path) -> None:
    """It is named as on a server, with its last words."""
    dies = Finished(command="", exit_code=1, stderr="Job for app.service failed.")
    server = FakeServer(answers={"systemctl restart app.service": dies})
    ctx = server.context()
    with pytest.raises(ApplyError, match=r"Job for app\.service failed") as caught:
        converge(ctx, *app(tmp_path))
    assert (caught.value.resource, caught.value.exit_code) == ("unit:app", 1)
    assert ctx.rollback == "complete"
    assert (server.files, server.units) == ({}, {})


def test_a_checker_accepts_unless_its_refusal_is_written_down() -> None:
    path = PurePosixPath("/etc/app.conf")
    wanted = File(path=path, content="a\n", validate=("app", "--check"))
    server = FakeServer(files={str(path): "b\n"})
    converge(server.context(), wanted)
    assert server.files[str(path)] == "a\n"
    refusing = FakeServer(answers={"app --check": Finished(command="", exit_code=1, stderr="bad")})
    with pytest.raises(ContentRefusedError, match="bad"):
        converge(refusing.context(), wanted)


def test_what_is_absent_goes(tmp_path: Path) -> None:
    server = FakeServer()
    converge(server.context(), *app(tmp_path))
    gone = (
        AbsentUnit(name="app"),
        AbsentFile(path=PurePosixPath(UNIT_FILE)),
        AbsentTree(path=PurePosixPath("/etc/app")),
        AbsentUser(name="app"),
        AbsentDirectory(path=PurePosixPath("/usr/local/bin")),  # not empty: it stays
    )
    converge(server.context(), *gone)
    assert (set(server.files), server.folders) == ({"/usr/local/bin/app"}, set())
    assert (server.units, server.enabled, server.users) == ({"app": "inactive"}, set(), {})
    assert actions(server, *gone[:4]) == [Action.NOOP] * 4


def test_a_folder_where_a_file_is_wanted_is_refused() -> None:
    server = FakeServer(files={"/etc/app/conf": "x"})
    with pytest.raises(PathTakenError):
        actions(server, File(path=PurePosixPath("/etc/app"), content="x"))


def test_files_and_units_can_be_asked_for() -> None:
    server = FakeServer(files={"/etc/motd": "hello\n"}, units={"app": "failed"})
    ctx = server.context()
    assert ctx.read("/etc/motd") == "hello\n"
    assert ctx.run(("systemctl", "is-active", "app"), reads=True, check=False).exit_code == 3
    assert not ctx.run(("cat", "--", "/none"), reads=True, check=False).ok


def test_a_step_that_is_not_played_is_named() -> None:
    step = Command(name="index", argv=("index", "--all"), unless=("index", "--check"))
    guard = {step.probe(): 1}
    server = FakeServer(answers=guard)
    with pytest.raises(LookupError, match="index --all"):
        converge(server.context(), step)
    (applied,) = (words for words in step.apply(step.plan(Finished(command="", exit_code=1))))
    written = FakeServer(answers={**guard, str(applied): 0})
    converge(written.context(), step)


def test_a_plan_changes_nothing_by_command_either() -> None:
    @task
    def restart(ctx: Context) -> None:
        """Restart it."""
        ctx.run(("systemctl", "restart", "app"))

    with pytest.raises(NotReadOnlyError):
        restart(FakeServer(units={"app": "active"}).context(planning=True))
