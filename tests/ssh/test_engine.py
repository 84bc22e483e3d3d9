"""Runs over many servers on a real sshd."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from nornir.core.task import Result
from nornir.core.task import Task as NornirTask
from ssh.fleets import Yard, eventually, only, running

from dcov import Context, Status, task
from dcov.resources.file import File

CONTROLLER = """
import sys
from pathlib import Path

from dcov import Fleet, RunInterrupted
from dcov.engine.asks import sh
from dcov.inventory.entry import Entry, Login
from dcov.inventory.site import Site

folder, key, port, user, command = sys.argv[1:]
entries = [
    Entry(name=f"s{n}", login=Login(address=f"127.0.0.{n}", port=int(port), user=user,
                                    key_path=Path(key), agent=False))
    for n in range(1, 51)
]
try:
    Fleet(site=Site.of(*entries, path=Path(folder))).run(sh, command=command)
except RunInterrupted as interrupted:
    print(len(interrupted.report), interrupted.report.summary, flush=True)
"""


def test_ctrl_c_ends_fifty_commands_on_their_servers(yard: Yard) -> None:
    """Within 5 s every server has an outcome, and none of them runs the command any more."""
    yard.fleet(*(f"s{n}" for n in range(1, 51)))
    marks = yard.folder / "marks"
    command = f"echo x >>{marks}; sleep 60; : {marks}"
    controller = subprocess.Popen(
        (sys.executable, "-c", CONTROLLER, yard.folder, yard.sshd.key_path, str(yard.sshd.port),
         yard.sshd.user, command),
        stdout=subprocess.PIPE, text=True, env={**os.environ},
    )  # fmt: skip
    assert eventually(lambda: marks.exists() and len(marks.read_text().split()) == 50, within=60)
    controller.send_signal(signal.SIGINT)
    began = time.monotonic()
    said, _ = controller.communicate(timeout=30)
    assert time.monotonic() - began < 5
    assert said == "50 50 cancelled\n"
    assert eventually(lambda: running(f"sleep 60; : {marks}") == [])


def test_a_command_past_its_deadline_is_its_own_servers(yard: Yard) -> None:
    """It has a code, its last words and a hint; the others' commands finish."""
    fleet = yard.fleet("gpu-01", "gpu-02", "gpu-03")
    slow = yard.sshd.address(2)
    command = f"case $SSH_CONNECTION in *' {slow} '*) echo begun >&2; sleep 309;; esac; echo well"
    report = fleet.sh(command, within=2)
    assert report.summary == "2 ok, 1 timed_out"
    assert [report[name].value.stdout for name in ("gpu-01", "gpu-03")] == ["well\n"] * 2
    outcome = report["gpu-02"]
    assert (outcome.status, outcome.code) == (Status.TIMED_OUT, "command-timeout")
    assert "did not end within 2 s" in outcome.why
    assert "look at why it hangs: begun" in outcome.hint
    assert eventually(lambda: running("sleep\x00309") == [])


def test_one_connection_a_server_and_run_unless_it_is_kept(yard: Yard) -> None:
    """Within `connected` the second call costs no login; after it the connection is closed."""
    fleet = yard.fleet()
    before = yard.sshd.log.count("Accepted publickey")
    with fleet.connected() as kept:
        costs = [only(kept.sh("true")).cost.connections for _ in range(3)]
    assert costs == [1, 0, 0]
    assert yard.sshd.log.count("Accepted publickey") == before + 1
    assert [only(fleet.sh("true")).cost.connections for _ in range(2)] == [1, 1]


def test_a_connection_that_broke_between_calls_is_opened_again(yard: Yard) -> None:
    """A notebook that slept does not have to know."""
    with yard.fleet().connected() as kept:
        assert only(kept.sh("true")).status is Status.OK
        yard.sshd.drop_connections()
        time.sleep(0.3)
        assert only(kept.sh("echo again")).value.stdout == "again\n"


def test_two_runs_of_one_fleet_at_once(yard: Yard) -> None:
    """Neither closes the connections of the other."""
    fleet = yard.fleet("gpu-01", "gpu-02")
    slow = fleet.start(_pause)
    assert fleet.sh("true").summary == "2 ok"
    assert slow.wait(30).summary == "2 ok"


@task
def _pause(ctx: Context) -> str:
    ctx.run(("true",), reads=True)
    time.sleep(1.0)
    return ctx.run(("echo", "still here"), reads=True).stdout


def test_a_plain_nornir_task_that_exits_ends_alone(yard: Yard) -> None:
    """Nornir itself contains no SystemExit: the server fails, its worker goes on with others."""

    def leave(task: NornirTask) -> Result:
        if task.host.name == "gpu-01":
            raise SystemExit(3)
        return Result(host=task.host, result="stayed")

    report = yard.fleet("gpu-01", "gpu-02", workers=1, deadline=8).run(leave)
    assert report.summary == "1 ok, 1 failed"
    assert isinstance(report["gpu-01"].error, SystemExit)


def test_a_cancelled_apply_comes_to_its_end(yard: Yard) -> None:
    """A change under way is finished and confirmed; its server is not left half way."""
    entered = threading.Event()

    @task
    def converge(ctx: Context) -> None:
        entered.set()
        ctx.ensure(
            *(File(path=yard.at(f"f{n}"), content="x", validate=("sh", "-c", "sleep 0.5", "sh"))
              for n in range(4))
        )  # fmt: skip

    run = yard.fleet().start(converge)
    assert entered.wait(20)
    assert eventually((yard.home() / "f0").exists)
    run.cancel()
    outcome = only(run.wait(30))
    assert outcome.status is Status.CHANGED
    assert len(list(Path(yard.home()).iterdir())) == 4
