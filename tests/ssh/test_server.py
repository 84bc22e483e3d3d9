"""The verbs of one server of a fleet."""

from __future__ import annotations

import stat

import pytest
from ssh.fleets import Yard, login

from dcov import BoundServer, Context, Fleet, Status, task
from dcov.change import Action
from dcov.errors import CommandFailedError, FleetError
from dcov.resources import File
from dcov.testing import closed_port


@pytest.fixture
def fleet(yard: Yard) -> Fleet:
    return yard.fleet("gpu-01", "gpu-02")


def test_each_server_of_a_fleet_is_a_bound_one(fleet: Fleet) -> None:
    """The name that users annotate with is public."""
    assert [type(server) for server in fleet] == [BoundServer, BoundServer]
    assert isinstance(fleet.master, BoundServer)


def test_put_makes_the_file_and_leaves_one_that_is_right_alone(yard: Yard, fleet: Fleet) -> None:
    """On this server, and on no other."""
    server = fleet["gpu-02"]
    put = server.put("text\n", to=yard.at("note", "gpu-02"), mode=0o600)
    assert put.status is Status.CHANGED
    note = yard.home("gpu-02") / "note"
    assert (note.read_text(), stat.S_IMODE(note.stat().st_mode)) == ("text\n", 0o600)
    assert list(yard.home("gpu-01").iterdir()) == []
    assert server.put("text\n", to=str(note), mode=0o600).status is Status.OK
    assert server.put("new\n", to=note, mode=0o600).changes[0].diff == (
        "@@ -1 +1 @@",
        "-text",
        "+new",
    )


def test_read_gives_the_text(yard: Yard, fleet: Fleet) -> None:
    """However long; a file that is not there is an error, with the reason in its report."""
    text = "a line\n" * 40_000
    (yard.home() / "long").write_text(text)
    assert fleet["gpu-01"].read(yard.at("long")) == text
    with pytest.raises(FleetError) as caught:
        fleet["gpu-01"].read(yard.at("nothing"))
    assert caught.value.report["gpu-01"].code == "command-failed"


def test_plan_is_about_this_server_and_can_be_applied(yard: Yard, fleet: Fleet) -> None:
    @task(on="workers")
    def write(ctx: Context, *, text: str) -> None:
        """Write a file."""
        ctx.ensure(File(path=yard.at("file", ctx.name), content=text))

    plan = fleet["gpu-01"].plan(write, text="x\n")
    assert list(plan.report) == ["gpu-01"]
    (change,) = plan.report["gpu-01"].changes
    assert (change.action, change.diff) == (Action.CREATE, ("+x",))
    assert not (yard.home() / "file").exists()
    assert plan.apply()["gpu-01"].status is Status.CHANGED
    assert (yard.home() / "file").read_text() == "x\n"
    assert list(yard.home("gpu-02").iterdir()) == []


def test_sh_gives_an_outcome_also_of_what_failed(yard: Yard, fleet: Fleet) -> None:
    """A command's exit code is often the answer; every other verb raises."""
    assert fleet["gpu-01"].sh("echo out; echo err >&2").value.stderr == "err\n"
    failed = fleet["gpu-01"].sh("echo why; exit 3")
    assert (failed.status, failed.code) == (Status.FAILED, "command-failed")
    assert isinstance(failed.error, CommandFailedError)
    assert (failed.error.exit_code, failed.error.stdout) == (3, "why\n")
    with closed_port() as nobody:
        entry = login(yard.sshd.entry("gpu-01"), address=nobody.address, port=nobody.port)
        down = yard.fleet_of(entry)["gpu-01"]
        assert down.sh("true").status is Status.UNREACHABLE
        with pytest.raises(FleetError):
            _ = down.facts
