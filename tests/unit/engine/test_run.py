"""A run over servers that are all this machine, without SSH: what the engine promises."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nornir.core.filter import F
from nornir.core.task import Result
from nornir.core.task import Task as NornirTask
from nornir_utils.plugins.functions import print_result
from nornir_utils.plugins.tasks.networking import tcp_ping

from dcov import (
    Context,
    Fleet,
    Preparing,
    RunInterrupted,
    Secret,
    Server,
    Status,
    Step,
    Workflow,
    task,
)
from dcov.engine.record import is_dead, past_run, past_runs
from dcov.errors import (
    DeadlineError,
    FleetError,
    ParameterError,
    UnknownNameError,
    WorkflowParameterError,
)
from dcov.events import Event, Kind


def fleet(size: int = 4, **options: Any) -> Fleet:
    servers = [
        Server(name=f"s{n}", local=True, labels={"even": str(n % 2 == 0)}) for n in range(size)
    ]
    return Fleet.of(*servers).using(**options)


def of(body: Callable[[Context], Any]) -> Any:
    """Make a task of a function of a Context."""

    @task(on="all")
    def some_task(ctx: Context) -> Any:
        return body(ctx)

    return some_task


def test_never_more_workers_than_asked_for() -> None:
    """Servers run at once, and no more of them than `workers`."""
    lock, now, most = threading.Lock(), [0], [0]

    def body(ctx: Context) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.5)
        with lock:
            now[0] -= 1

    report = fleet(12, workers=4).run(of(body))
    assert report.summary == "12 ok"
    assert most == [4]


def test_every_server_has_an_outcome_in_the_order_of_the_fleet() -> None:
    """Whatever a task raises, SystemExit included, is that server's and nobody else's."""
    errors = {
        "s1": SystemExit(1),
        "s2": KeyboardInterrupt(),
        "s3": RuntimeError("x"),
        "s4": GeneratorExit(),
    }

    def body(ctx: Context) -> str:
        if ctx.name == "s5":
            ctx.skip("not today")
        if ctx.name in errors:
            raise errors[ctx.name]
        return ctx.name

    report = fleet(6).run(of(body))
    assert list(report) == [f"s{n}" for n in range(6)]
    assert report["s0"].value == "s0"
    for name, error in errors.items():
        assert (report[name].status, report[name].code) == (Status.FAILED, "bug")
        assert report[name].error is error
    assert (report["s5"].status, report["s5"].why) == (Status.SKIPPED, "not today")
    with pytest.raises(FleetError):
        report.raise_for_failures()


def failing(*names: str) -> Any:
    def body(ctx: Context) -> None:
        if ctx.name in names:
            raise RuntimeError("broken")

    return of(body)


@pytest.mark.parametrize(
    ("options", "fails", "summary"),
    [
        ({"canary": 1}, ["s0"], "1 failed, 9 not_run"),
        ({"canary": 2}, ["s1"], "1 ok, 1 failed, 8 not_run"),
        ({"canary": 1}, ["s1", "s2"], "8 ok, 2 failed"),
        ({"batch": 2, "max_failures": 0}, ["s0"], "1 ok, 1 failed, 8 not_run"),
        ({"batch": 2, "max_failures": 1}, ["s0", "s2"], "2 ok, 2 failed, 6 not_run"),
        ({"batch": 5, "max_failures": "20%"}, ["s0", "s2"], "8 ok, 2 failed"),
        ({"batch": 5, "max_failures": "19%"}, ["s0", "s2"], "3 ok, 2 failed, 5 not_run"),
    ],
)
def test_a_run_stops_when_too_many_failed(
    options: dict[str, Any], fails: list[str], summary: str
) -> None:
    """No new batch begins then; each server whose turn never came says why."""
    report = fleet(10, **options).run(failing(*fails))
    assert report.summary == summary
    for outcome in report.outcomes:
        if outcome.status is Status.NOT_RUN:
            assert "failed" in outcome.reason


def test_a_server_past_its_deadline_is_left_while_others_finish(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is reported and abandoned, its worker replaced, and the run ends."""
    monkeypatch.setattr("dcov.engine.runner.OVERTIME", 0.2)
    stuck = threading.Event()

    def body(ctx: Context) -> None:
        if ctx.name in ("s0", "s1"):
            stuck.wait(30)

    began = time.monotonic()
    report = fleet(8, workers=2, deadline=0.5).run(of(body))
    assert time.monotonic() - began < 10
    stuck.set()
    assert report.summary == "6 ok, 2 timed_out"
    assert isinstance(report["s0"].error, DeadlineError)
    assert "in doubt" in report["s0"].reason


def test_a_command_ends_with_its_servers_deadline() -> None:
    """A command may take no longer than what is left for its server."""
    report = fleet(1, deadline=1.0).sh("sleep 30", within=60)
    assert report["s0"].status is Status.TIMED_OUT
    assert report["s0"].seconds < 4


def test_runs_in_one_process_do_not_disturb_one_another() -> None:
    """Several runs at once, of one fleet, from several threads."""
    servers = fleet(6)
    found: dict[int, str] = {}

    def one(n: int) -> None:
        report = servers.sh(f"sleep 0.{n}; echo {n}")
        found[n] = {outcome.value.stdout for outcome in report.outcomes}.pop()

    threads = [threading.Thread(target=one, args=(n,)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: f"{n}\n" for n in range(1, 5)}


def test_a_run_works_within_an_event_loop() -> None:
    """A notebook's loop is running when its cell runs a fleet."""

    async def cell() -> str:
        return fleet(2).sh("true").summary

    assert asyncio.run(cell()) == "2 ok"


def test_a_stream_gives_each_outcome_as_it_comes() -> None:
    """The quick server is there before the slow one is done."""
    slow = of(lambda ctx: time.sleep(0.0 if ctx.name == "s1" else 0.6))
    assert [outcome.server for outcome in fleet(2).stream(slow)] == ["s1", "s0"]


def test_leaving_a_stream_cancels_the_run() -> None:
    """Servers whose turn has not come are not begun any more."""
    begun: list[str] = []

    def body(ctx: Context) -> None:
        begun.append(ctx.name)
        time.sleep(0.2)

    stream = fleet(20, workers=2).stream(of(body))
    next(stream)
    stream.close()
    time.sleep(0.8)
    assert len(begun) < 8


def test_cancel_ends_commands_that_only_read() -> None:
    """The run is over at once, with an outcome for every server."""
    run = fleet(6, workers=3).start(
        of(lambda ctx: ctx.run(("sleep", "63.5"), reads=True, within=90))
    )
    with pytest.raises(TimeoutError):
        run.wait(0.7)
    began = time.monotonic()
    run.cancel()
    report = run.wait(10)
    assert time.monotonic() - began < 3
    assert report.summary == "3 cancelled, 3 not_run"


INTERRUPTED = """
import sys, threading
from dcov import Fleet, RunInterrupted, Server

fleet = Fleet.of(*(Server(name=f"s{n}", local=True) for n in range(50)))
for _ in range(1):
    try:
        fleet.run(*[__import__("dcov.engine.asks").engine.asks.sh], command=sys.argv[1])
    except RunInterrupted as interrupted:
        print(len(interrupted.report), interrupted.report.summary, flush=True)
"""


def _running(text: str) -> list[int]:
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def _until(holds: Callable[[], bool], *, within: float = 20.0) -> bool:
    until = time.monotonic() + within
    while not holds() and time.monotonic() < until:
        time.sleep(0.05)
    return holds()


def test_ctrl_c_ends_everything_soon(tmp_path: Path) -> None:
    """Fifty servers in a long command: each has an outcome, and no process is left of them."""
    mark = f"{tmp_path}/ctrl-c"
    command = f"echo x >>{mark}; sleep 60; : {mark}"
    process = subprocess.Popen(
        (sys.executable, "-c", INTERRUPTED, command), stdout=subprocess.PIPE, text=True
    )
    assert _until(lambda: Path(mark).exists() and len(Path(mark).read_text().split()) == 50)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    said, _ = process.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert said == "50 50 cancelled\n"
    assert process.returncode == 0
    assert _until(lambda: _running(f"; sleep 60; : {mark}") == [])


STUBBORN = """
import os
import time
from dcov import Context, Fleet, RunInterrupted, Server, task

@task(on="all")
def stubborn(ctx: Context) -> None:
    os.write(1, b"begun\\n")  # in one piece: print() writes the end of a line apart
    time.sleep(50)

try:
    Fleet.of(Server(name="s0", local=True), Server(name="s1", local=True)).run(stubborn)
except RunInterrupted as interrupted:
    for outcome in interrupted.report.outcomes:
        print(outcome.status, outcome.reason, flush=True)
"""


def test_a_second_ctrl_c_leaves_and_names_who_is_in_doubt() -> None:
    """A task that does not look at the cancel is not waited for any more."""
    process = subprocess.Popen((sys.executable, "-c", STUBBORN), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(2):
        assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    time.sleep(1.0)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=10)
    assert said.count("cancelled in doubt") == 2


def test_an_interrupted_run_carries_its_report() -> None:
    """RunInterrupted is a KeyboardInterrupt, so that nothing swallows it by accident."""
    assert issubclass(RunInterrupted, KeyboardInterrupt)


def test_parameters_are_checked_before_any_server() -> None:
    """An unknown name is answered with the nearest one; a value with what is wrong with it."""
    begun: list[str] = []

    @task(on="all")
    def configure(ctx: Context, *, port: int = 1, name: str) -> tuple[int, str]:
        """Configure."""
        begun.append(ctx.name)
        return port, name

    with pytest.raises(ParameterError, match="did you mean port"):
        fleet().run(configure, prot=2, name="x")
    with pytest.raises(ParameterError, match="needs 'name'"):
        fleet().run(configure)
    with pytest.raises(ParameterError, match="port"):
        fleet().run(configure, port="many", name="x")
    assert begun == []
    assert fleet(1).run(configure, port="12", name="x")["s0"].value == (12, "x")


def test_what_is_given_by_position_is_refused() -> None:
    """It would be passed over, and the task run with its defaults."""

    @task(on="all")
    def greet(ctx: Context, *, who: str = "nobody") -> str:
        """Greet somebody."""
        return who

    @task(on="all")
    def outer(ctx: Context) -> Any:
        """Call the other one."""
        return greet(ctx, "ann")

    servers = fleet(1)
    calls = (servers.run, servers.start, servers.stream, servers.plan)
    for call in (*calls, servers["s0"].run, servers["s0"].plan):
        with pytest.raises(ParameterError, match="greet: takes keywords only: write NAME=VALUE"):
            call(greet, "ann")
    with pytest.raises(ParameterError, match="tcp_ping: takes keywords only"):
        servers.run(tcp_ping, [22])
    assert servers.run(outer)["s0"].code == "parameter"
    assert servers.nornir.run(task=outer)["s0"][0].failed


def test_a_workflow_takes_no_parameters() -> None:
    """They are said to its steps, or to the function that makes it."""
    flow = Workflow(name="flow", summary="Do.", steps=(Step(task=failing(), on="all"),))
    servers = fleet(1)
    for call in (servers.run, servers.start, servers.stream, servers.plan, servers["s0"].plan):
        with pytest.raises(WorkflowParameterError, match="flow: a workflow takes no 'typo'"):
            call(flow, typo=1)
    with pytest.raises(WorkflowParameterError, match="flow: a workflow takes no values"):
        servers.run(flow, "x")


def test_prepare_runs_once_and_first() -> None:
    """What is done once per run is not done for each server, and its failure touches none."""
    calls: list[tuple[str, ...]] = []

    def prepare(preparing: Any, *, fails: bool) -> str:
        calls.append(tuple(entry.name for entry in preparing.servers))
        if fails:
            raise RuntimeError("no way to prepare")
        return "ready"

    @task(on="all", prepare=prepare)
    def prepared(ctx: Context, *, fails: bool = False) -> str:
        return str(ctx.prepared)

    report = fleet(5).run(prepared)
    assert {outcome.value for outcome in report.outcomes} == {"ready"}
    assert calls == [("s0", "s1", "s2", "s3", "s4")]
    with pytest.raises(RuntimeError, match="no way"):
        fleet(5).run(prepared, fails=True)


def test_a_run_leaves_a_record(state_home: Path) -> None:
    """Events line by line, the report, and the lock by which others see that it is over."""
    report = fleet(3).run(failing("s1"))
    folder = state_home / "dcov" / "runs" / report.run
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    kinds = [event["kind"] for event in events]
    assert (kinds[0], kinds[-1]) == ("run_started", "run_finished")
    assert kinds.count("server_started") == kinds.count("server_finished") == 3
    assert json.loads((folder / "report.json").read_text()) == report.to_dict()
    assert oct(folder.stat().st_mode & 0o777) == "0o700"
    past = past_run(report.run[:18])
    assert (past.run, past.failed) == (report.run, ("s1",))
    assert [item.run for item in past_runs()] == [report.run]
    assert is_dead(report.run)
    assert not is_dead("20010101-000000-abcdef")
    with pytest.raises(UnknownNameError):
        past_run("nothing")


def test_a_run_is_not_dead_while_it_lives_and_is_when_it_was_killed(state_home: Path) -> None:
    """The lock of a record is let go by the kernel, whatever ends the run."""
    go_on = threading.Event()
    run = fleet(1).start(of(lambda ctx: go_on.wait(10)))
    assert not is_dead(run.id)
    go_on.set()
    run.wait(10)
    assert is_dead(run.id)
    process = subprocess.Popen((sys.executable, "-c", STUBBORN), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    (other,) = [past for past in past_runs() if past.run != run.id]
    assert not is_dead(other.run)
    process.kill()
    process.communicate()
    assert is_dead(other.run)
    assert past_run(other.run).report is None


def test_secrets_of_the_site_are_masked_wherever_a_run_writes(state_home: Path) -> None:
    """Outputs, notes and events in the record show no declared password."""
    server = Server(name="s0", local=True, sudo_password=Secret("open-sesame-1"))

    def body(ctx: Context) -> str:
        ctx.note("the password is open-sesame-1")
        return ctx.run(("echo", "open-sesame-1"), reads=True).stdout

    report = Fleet.of(server).run(of(body))
    assert report["s0"].value == "***\n"
    written = b"".join(p.read_bytes() for p in state_home.rglob("*") if p.is_file())
    assert b"open-sesame" not in written
    assert b"the password is ***" in written


def test_a_listener_that_fails_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """Its error is logged; the run and the other listeners go on."""
    heard: list[Event] = []

    def broken(event: Event) -> None:
        raise RuntimeError("deaf")

    report = fleet(2, listeners=(broken, heard.append)).sh("true")
    assert report.summary == "2 ok"
    assert heard[-1].kind is Kind.RUN_FINISHED
    assert "deaf" in caplog.text


class Noisy:
    """A Nornir processor that fails at everything but counts."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if not name.startswith(("task_", "subtask_")):
            raise AttributeError(name)

        def call(*args: Any) -> None:
            self.calls.append(name)
            raise RuntimeError(f"{name} fails")

        return call


def test_processors_are_called_and_guarded() -> None:
    """Nornir's processors see the run, and one that raises does not end it."""
    noisy = Noisy()
    report = fleet(2, processors=[noisy]).sh("true")
    assert report.summary == "2 ok"
    assert noisy.calls.count("task_instance_completed") == 2
    assert {"task_started", "task_completed"} <= set(noisy.calls)


def test_any_nornir_task_runs() -> None:
    """A plain function with subtasks: its result, its change and its failure are read."""

    def inner(task: NornirTask, *, fails: bool) -> Result:
        if fails:
            raise ValueError("inner failed")
        return Result(host=task.host, result="in", changed=True)

    def outer(task: NornirTask, who: str) -> Result:
        task.run(task=inner, fails=task.host.name == who)
        return Result(host=task.host, result=f"out {task.host.name}")

    report = fleet(3).run(outer, who="s1")
    assert report.summary == "2 changed, 1 failed"
    assert report["s0"].value == "out s0"
    assert "inner failed" in report["s1"].why


def test_a_plan_skips_a_nornir_task_as_opaque() -> None:
    """It is nobody's failure, and nothing that was not shown is done when the plan is applied."""
    ran: list[str] = []

    def foreign(task: NornirTask) -> Result:
        ran.append(task.host.name)
        return Result(host=task.host, changed=True)

    plan = fleet(3).plan(foreign)
    for report in (plan.report, plan.apply()):
        assert (report.summary, report.ok, ran) == ("3 skipped", True, [])
        assert report["s0"].why.startswith("opaque: not a dcov task")


def test_nornirs_own_tasks_and_printing(capsys: pytest.CaptureFixture[str]) -> None:
    """nornir_utils' tcp_ping runs unchanged, and print_result prints our report."""
    with __import__("socket").create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        report = fleet(2).run(tcp_ping, ports=[port], host="127.0.0.1")
    assert report["s0"].value == {port: True}
    print_result(report.to_nornir())
    assert "s1" in capsys.readouterr().out


def test_filters_of_nornir_and_labels() -> None:
    """F filters, patterns and labels select alike."""
    servers = fleet(6)
    assert [s.name for s in servers.where(F(name="s3"))] == ["s3"]
    assert [s.name for s in servers.where("s1:s4")] == ["s1", "s4"]
    assert [s.name for s in servers.where(even="True")] == ["s0", "s2", "s4"]
    assert [s.name for s in servers.where("s*") - servers.where(even="True")] == ["s1", "s3", "s5"]
    with pytest.raises(UnknownNameError, match="s1"):
        servers.where("s11")


def test_a_dcov_task_runs_in_a_plain_nornir() -> None:
    """Given to nr.run, a task works through the connection plugin, and a skip is a result."""

    def body(ctx: Context) -> str:
        if ctx.name == "s1":
            ctx.skip("not here")
        return ctx.run(("echo", ctx.name), reads=True).stdout

    nornir = fleet(2).nornir
    results = nornir.run(task=of(body))
    assert not results.failed
    assert results["s0"][0].result == "s0\n"
    assert results["s1"][0].result == "skipped: not here"
    nornir.close_connections()


def test_no_servers_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """A fleet may be empty: it is a report like any other, and Nornir does not warn."""
    report = Fleet.of().sh("true")
    assert (report.ok, report.summary) == (True, "no servers")
    assert not caplog.records


def test_a_label_that_no_server_has_is_an_error() -> None:
    """A mistyped one would choose nobody, and a task would seem to have nothing to do."""
    with pytest.raises(UnknownNameError, match="no label matches 'evne'; did you mean even"):
        fleet(2).where(evne="True")
    assert len(fleet(2).where(even="neither")) == 0


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    """Taken for UTF-8 by force, it would be written back as something else."""
    (tmp_path / "latin").write_bytes("# für\n".encode("latin-1"))
    report = fleet(1).run(of(lambda ctx: ctx.read(tmp_path / "latin")))
    assert report["s0"].why == f"{tmp_path}/latin:1:4: is not UTF-8"


def test_a_plain_nornir_prepares_for_each_call_and_knows_a_dry_run() -> None:
    """What was prepared for one version is not used for another, nor a plan's for the run."""

    def prepare(preparing: Preparing, *, version: str) -> str:
        return f"{version} {'planned' if preparing.planning else 'done'}"

    @task(on="all", prepare=prepare)
    def prepared(ctx: Context, *, version: str) -> str:
        return str(ctx.prepared)

    nornir = fleet(1).nornir
    said = [
        nornir.run(task=prepared, version="1")["s0"][0].result,
        nornir.run(task=prepared, version="2")["s0"][0].result,
    ]
    nornir.data.dry_run = True
    said.append(nornir.run(task=prepared, version="2")["s0"][0].result)
    nornir.close_connections()
    assert said == ["1 done", "2 done", "2 planned"]
