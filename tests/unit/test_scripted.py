"""The double of dcov.testing plays a server by rule, and says when it has nothing to play."""

from __future__ import annotations

import socket
from pathlib import PurePosixPath

import pytest

from dcov import Context, Shell, task
from dcov.change import Action
from dcov.errors import CommandFailedError, NotReadOnlyError
from dcov.resources import Directory, File, Unit
from dcov.ssh.command import Finished
from dcov.testing import Asked, ScriptedSession

MOTD = File(path=PurePosixPath("/etc/motd"), content="it's\nnew\n")
FOLDER = Directory(path=PurePosixPath("/srv/data"))


@task
def look(ctx: Context) -> str:
    """Say what the server answers."""
    return ctx.run(("nvidia-smi", "-L"), reads=True).stdout


@task
def greet(ctx: Context) -> None:
    """Make a folder and a file."""
    ctx.ensure(FOLDER, MOTD)


@task
def change(ctx: Context) -> None:
    """Change something by a command."""
    ctx.run(("systemctl", "restart", "ssh"))


def test_commands_are_answered_as_they_were_written_down() -> None:
    session = ScriptedSession(answers={"nvidia-smi -L": "GPU 0: one\n"})
    assert look(session.context()) == "GPU 0: one\n"
    assert session.asked == [Asked(command="nvidia-smi -L", reads=True, as_root=True)]
    assert session.costs.execs == 1


def test_a_command_may_fail() -> None:
    failed = Finished(command="", exit_code=9, stderr="no driver")
    session = ScriptedSession(answers={("nvidia-smi", "-L"): failed})
    with pytest.raises(CommandFailedError, match="no driver"):
        look(session.context())


def test_what_has_no_answer_is_named() -> None:
    with pytest.raises(LookupError, match="nvidia-smi -L"):
        look(ScriptedSession().context())


def test_resources_plan_from_their_answers() -> None:
    """Questions over several lines and with quotes in them come out whole."""
    old = "regular file|root|root|644|0000\nold\n"
    session = ScriptedSession(answers={FOLDER.probe(): 1, MOTD.probe(): old})
    ctx = session.context()
    greet(ctx)
    assert [change.action for change in ctx.changes] == [Action.CREATE, Action.UPDATE]
    assert ctx.changes[1].diff[-2:] == ("+it's", "+new")


def test_a_resource_that_is_as_wanted_is_no_change() -> None:
    found = "directory|root|root|755\n"
    session = ScriptedSession(answers={FOLDER.probe(): found})
    assert [item.action for item in session.context().ensure(FOLDER)] == [Action.NOOP]


def test_resources_of_every_probe_script_can_be_asked() -> None:
    unit = Unit(name="ssh")
    running = "UnitFileState=enabled\nActiveState=active\n"
    session = ScriptedSession(answers={tuple(unit.probe()): running})
    assert not session.context().ensure(unit)[0].needed


def test_facts_are_those_of_the_script() -> None:
    session = ScriptedSession(facts={"os_ID": "debian", "arch": "x86_64", "systemd": "252"})
    facts = session.context().facts
    assert (facts.os_id, facts.arch, facts.has_systemd) == ("debian", "amd64", True)


def test_nothing_is_applied() -> None:
    """A plan refuses what changes, as on a real server; outside of one the double does."""
    session = ScriptedSession(answers={FOLDER.probe(): 1})
    with pytest.raises(NotReadOnlyError):
        change(session.context())
    with pytest.raises(LookupError, match="FakeServer"):
        session.context(planning=False).ensure(FOLDER)


def test_ports_lead_to_the_tests_own_servers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        session = ScriptedSession(ports={9100: server.getsockname()[:2]})
        session.context().open_port(9100).close()
    with pytest.raises(ConnectionRefusedError, match="9835"):
        session.context().open_port(9835)


def test_a_shell_text_is_answered_as_a_whole() -> None:
    session = ScriptedSession(answers={"df -h | tail -1": "full\n"})
    assert session.context().run(Shell("df -h | tail -1"), reads=True).stdout == "full\n"
