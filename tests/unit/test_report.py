from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import pytest
from rich.console import Console

from dcov.change import Action, Change
from dcov.engine.run import Plan
from dcov.errors import ApplyError, CancelledError, FleetError, NotReadOnlyError, RefusedError
from dcov.report import Outcome, Report, Status, plain
from dcov.secret import Masker, Secret

NASTY = "<script>alert('x')</script> [bold]&"


def report(*outcomes: Outcome) -> Report:
    return Report(run="20260101-000000-abc", task="some-task", outcomes=outcomes)


def bad(name: str = "gpu-02") -> Outcome:
    error = RefusedError(server=name, address="10.0.0.2:22", detail=NASTY)
    return Outcome(server=name, status=Status.UNREACHABLE, error=error)


GOOD = Outcome(
    server="gpu-01",
    status=Status.CHANGED,
    changes=(
        Change(resource="file:/a", action=Action.CREATE, diff=("+x",)),
        Change(resource="file:/b", action=Action.NOOP),
    ),
)


def test_a_report_is_a_mapping_in_the_order_of_the_fleet() -> None:
    """Outcomes are found by name and iterated in order."""
    both = report(bad(), GOOD)
    assert list(both) == ["gpu-02", "gpu-01"]
    assert both["gpu-01"] is GOOD
    assert "gpu-09" not in both
    assert (both.ok, both.failures, both.changed) == (False, (both["gpu-02"],), (GOOD,))
    assert both.summary == "1 changed, 1 unreachable"


@pytest.mark.parametrize(("number", "end"), [(5, "/4 create"), (7, "/4 create and 2 more")])
def test_the_first_changes_are_named_in_one_line(number: int, end: str) -> None:
    """A blank master has sixty; all of them are in the report's data."""
    changes = tuple(Change(resource=f"file:/{n}", action=Action.CREATE) for n in range(number))
    outcome = Outcome(server="gpu-01", status=Status.CHANGED, changes=changes)
    assert outcome.why.endswith(end)
    assert len(outcome.to_dict()["changes"]) == number


def test_raising_says_how_many_and_keeps_the_report() -> None:
    """Only where something failed; a cancelled run is an error of its own."""
    report(GOOD).raise_for_failures()
    with pytest.raises(FleetError) as caught:
        report(GOOD, bad()).raise_for_failures()
    assert "1 changed, 1 unreachable" in str(caught.value)
    assert len(caught.value.report) == 2
    with pytest.raises(CancelledError):
        report(Outcome(server="a", status=Status.CANCELLED)).raise_for_failures()


def test_html_escapes_what_came_from_servers() -> None:
    """A server cannot put markup into a notebook."""
    html = report(bad(NASTY))._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert html.count("<table") == 1


def test_a_terminal_shows_text_and_no_markup() -> None:
    """Square brackets from a server are not rich's markup."""
    console = Console(width=200, record=True, file=None, force_terminal=False)
    with console.capture() as captured:
        console.print(report(bad(), GOOD))
    assert "[bold]" in captured.get()
    assert "file:/a create" in captured.get()


def test_a_prompt_shows_the_table() -> None:
    """So does `print`; nothing that a server sent steers the terminal, and secrets stay masked."""
    masker = Masker.of((Secret("open-sesame-1"),))
    told = Outcome(
        server="gpu-03",
        status=Status.FAILED,
        error=ApplyError(resource="r", step="s", exit_code=1, tail="\x1b]0;x\x07 open-sesame-1"),
        rollback="incomplete: open-sesame-1",
        masker=masker,
    )
    shown = str(report(bad(), GOOD, told))
    assert shown == repr(report(bad(), GOOD, told))
    first, *lines = shown.splitlines()
    assert first.startswith("some-task: 1 changed, 1 failed, 1 unreachable")
    (row,) = (line for line in lines if "gpu-01" in line)
    assert "changed" in row
    assert "file:/a create" in row
    assert "[bold]" in shown
    assert "***" in shown
    assert "sesame" not in shown
    assert "\\x1b]0;x" in shown
    assert "\x1b" not in shown


def plan(*outcomes: Outcome) -> Plan:
    return Plan(report=report(*outcomes), fingerprints={}, again=lambda _: report())


REFUSED = Outcome(server="gpu-03", status=Status.FAILED, error=NotReadOnlyError(command="touch /a"))


def test_a_plan_shows_each_change_with_its_diff() -> None:
    """At the prompt, by `print`, and in a notebook, where what a server has is escaped."""
    diff = (f"-{NASTY}", f"+{'long ' * 40}")
    nasty = Change(resource="file:/c", action=Action.UPDATE, diff=diff, reason="r")
    changed = replace(GOOD, changes=(*GOOD.changes, nasty))
    planned = plan(changed, bad())
    shown, page = str(planned), planned._repr_html_()
    assert repr(planned) == shown
    assert shown.splitlines()[:3] == [
        "gpu-01: 2 of 3 resources would change",
        "  file:/a: create",
        "    +x",
    ]
    assert f"    +{'long ' * 40}".rstrip() in shown.splitlines()
    assert "file:/b" not in shown + page
    for text in ("  file:/a: create\n    +x", "  file:/c: update (r)", "1 of 2 servers would"):
        assert text in shown
        assert text in page
    assert "-&lt;script&gt;" in page
    assert "<script>" not in page


def test_an_incomplete_plan_says_after_which_step() -> None:
    """In every form; the rest of that server's plan is not known."""
    words = "the plan is incomplete after `touch /a`"
    planned = plan(REFUSED)
    assert words in " ".join(str(planned).split())
    assert words in " ".join(str(planned.report).split())
    assert words in planned._repr_html_()
    assert words in planned.report._repr_html_()
    assert words in json.dumps(planned.to_dict())


def test_json_holds_anything_a_task_returns() -> None:
    """Values that JSON does not know become texts, and secrets masks."""

    @dataclass
    class Value:
        path: PurePosixPath
        token: Secret

    value = {1: Value(PurePosixPath("/a"), Secret("s3cr3t-value")), "b": {"x"}, "c": b"\xff"}
    item = Outcome(server="a", status=Status.OK, value=value, reason=NASTY)
    text = json.dumps(report(item).to_dict())
    again = json.loads(text)
    assert again["version"] == 1
    assert again["servers"][0]["value"]["1"] == {"path": "/a", "token": "***"}
    assert "s3cr3t" not in text
    assert plain(float("1.5")) == 1.5


def test_to_nornir_can_be_printed_by_nornir() -> None:
    """Nornir's own result, with failures, changes and diffs."""
    result = report(GOOD, bad()).to_nornir()
    assert result.failed
    assert list(result.failed_hosts) == ["gpu-02"]
    assert result["gpu-01"][0].changed
    assert result["gpu-01"][0].diff == "+x"
    with pytest.raises(Exception, match="gpu-02"):
        result.raise_on_error()
