"""A secret that finds its way into a run: nothing that the run writes or shows has it."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from ssh.fleets import Yard, eventually, login, only, running
from ssh.test_transaction import Steps, file

from dcov import Context, Fleet, Secret, Server, task
from dcov.context import Preparing
from dcov.errors import ApplyError, DcovError, NotReadOnlyError
from dcov.events import Event
from dcov.ssh.command import Shell

SECRET = "planted-Secret-7431"


class Telling:
    """A check that says what it has seen."""

    name = "the file is blue"

    def look(self, ctx: Context) -> str:
        return f"it is {SECRET}"

    def diagnose(self, ctx: Context, *, seen: str) -> DcovError | None:
        return None


def fall(ctx: Context) -> None:
    raise RuntimeError(f"no {SECRET} here")


def steps(*of: tuple[str, ...]) -> Steps:
    return Steps(name="telling", steps=of)


TELL = ("sh", "-c", f"echo {SECRET} >&2; exit 3")
WAYS: dict[str, Callable[[Context, Yard], Any]] = {
    "content": lambda ctx, yard: ctx.ensure(file(yard, "conf", f"password {SECRET}\n")),
    "path": lambda ctx, yard: ctx.ensure(file(yard, SECRET)),
    "step": lambda ctx, _: ctx.ensure(steps(TELL)),
    "undo": lambda ctx, _: ctx.ensure(steps(("undo", *TELL), ("false",))),
    "checker": lambda ctx, yard: ctx.ensure(file(yard, "conf", validate=(*TELL, "sh"))),
    "command": lambda ctx, _: ctx.run(TELL),
    "reading": lambda ctx, _: ctx.run(TELL, reads=True),
    "verify": lambda ctx, _: ctx.verify(Telling(), within=0.1),
    "note": lambda ctx, _: ctx.note(f"it is {SECRET}"),
    "skip": lambda ctx, _: ctx.skip(f"because of {SECRET}"),
    "value": lambda *_: {"password": [SECRET]},
    "bug": lambda ctx, _: fall(ctx),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_is_nowhere_to_be_seen(
    yard: Yard, state_home: Path, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    """However it gets there: by content, a path, what a step prints, a reason, a bug."""
    caplog.set_level(logging.DEBUG)
    heard: list[Event] = []
    entry = login(yard.sshd.entry("gpu-01"), sudo_password=Secret(SECRET))
    fleet = yard.fleet_of(entry, listeners=(heard.append,))

    @task
    def tell(ctx: Context) -> Any:
        return WAYS[way](ctx, yard)

    report = fleet.run(tell)
    outcome = only(report)
    console = Console(file=StringIO(), record=True, width=300)
    console.print(report)
    texts = {
        "log": caplog.text,
        "events": "\n".join(event.to_json() for event in heard),
        "report": json.dumps(report.to_dict()),
        "repr": repr(report),
        "html": report._repr_html_(),
        "terminal": console.export_text(),
        "why": f"{outcome.why} {outcome.hint} {outcome.rollback}",
        **{str(path): path.read_text() for path in state_home.rglob("*") if path.is_file()},
    }
    if isinstance(outcome.error, DcovError):
        texts["error"] = "".join(traceback.format_exception(outcome.error)) + repr(outcome.error)
    found = [name for name, text in texts.items() if SECRET in text]
    assert found == []
    assert any("***" in text for text in texts.values())  # the way leads somewhere


@pytest.mark.parametrize("reads", [False, True])
def test_a_secret_in_a_command_is_in_no_process_list(
    yard: Yard,
    reads: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    """A short command goes as an argument, unless it has a secret in it."""
    entry = login(yard.sshd.entry("gpu-01"), sudo_password=Secret(SECRET))

    @task
    def tell(ctx: Context) -> None:
        ctx.run(Shell(f"sleep 1.625; : {SECRET}"), reads=reads)

    run = yard.fleet_of(entry).start(tell)
    assert eventually(lambda: running("sleep\x001.625") != [])
    assert running(SECRET) == []
    assert run.wait(20).summary == "1 ok"


@pytest.mark.parametrize("cut", [6, 12, len(SECRET) - 1])
def test_a_secret_that_the_apply_script_cuts_is_not_shown_in_part(yard: Yard, cut: int) -> None:
    """It quotes 200 bytes of the step that failed, and 2000 of what that said."""
    room = 200 - len("sh -c ") - cut
    prints = f"cat {yard.folder}/said; exit 3 #"
    (yard.folder / "said").write_text(SECRET + "a" * (2000 - cut))
    entry = login(yard.sshd.entry("gpu-01"), sudo_password=Secret(SECRET))

    @task
    def tell(ctx: Context) -> None:
        ctx.ensure(steps(("sh", "-c", prints + "x" * (room - len(prints)) + SECRET)))

    outcome = only(yard.fleet_of(entry).run(tell))
    assert isinstance(outcome.error, ApplyError)
    assert outcome.error.step.endswith("x***")
    assert outcome.error.tail.startswith("***a")


@pytest.mark.parametrize("before", [0, 105])
def test_a_plan_that_ends_at_a_command_does_not_tell_its_secret(yard: Yard, before: int) -> None:
    """The command is named in the report and in the error, shortened and masked."""
    entry = login(yard.sshd.entry("gpu-01"), sudo_password=Secret(SECRET))

    @task
    def tell(ctx: Context) -> None:
        ctx.run(Shell(f": {'x' * before}{SECRET}"))

    outcome = only(yard.fleet_of(entry).plan(tell).report)
    assert isinstance(outcome.error, NotReadOnlyError)
    for text in (str(outcome.error), outcome.why, outcome.reason, json.dumps(outcome.to_dict())):
        assert SECRET[:6] not in text
    assert "***" in outcome.why


def test_a_secret_in_what_prepare_notes(yard: Yard, state_home: Path) -> None:
    """What is told once for the whole run is masked as well."""
    heard: list[Event] = []

    def prepare(preparing: Preparing) -> None:
        preparing.note(f"it is {SECRET}")

    @task(prepare=prepare)
    def tell(ctx: Context) -> None:
        assert ctx.prepared is None

    entry = login(yard.sshd.entry("gpu-01"), sudo_password=Secret(SECRET))
    assert yard.fleet_of(entry, listeners=(heard.append,)).run(tell).ok
    said = "\n".join(event.to_json() for event in heard)
    assert "it is ***" in said
    assert SECRET not in said
    assert not [path for path in state_home.rglob("*.*") if SECRET in path.read_text()]


def test_a_secret_in_a_plain_nornir_run() -> None:
    """A task that runs in somebody else's Nornir gets masked output, too."""
    here = Server(name="here", local=True, sudo_password=Secret(SECRET))

    @task(on="all")
    def tell(ctx: Context) -> str:
        return ctx.run(("echo", SECRET), reads=True, as_root=False).stdout

    nornir = Fleet.of(here).nornir
    results = nornir.run(task=tell)
    nornir.close_connections()
    assert results["here"][0].result == "***\n"
