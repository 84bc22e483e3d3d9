"""How a run came out: what is printed of its report, and with which exit code dcov ends."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

import typer

from dcov.cli.faults import ExitCode, failed
from dcov.cli.form import Form, Listing, show, write
from dcov.cli.opened import chosen, opened
from dcov.cli.options import Changing, How, Watching
from dcov.cli.progress import say
from dcov.engine.run import RunInterrupted
from dcov.fleet import Fleet
from dcov.report import Outcome, Report

CLEAR = "\x1b[H\x1b[2J"
COSTS = ("connections", "execs", "channels", "uploaded", "attempts")
Act = Callable[[Fleet], Report]
Display = Callable[[Report, How], None]


def finish(how: How, act: Act, *, display: Display | None = None) -> NoReturn:
    """Do it, print the report, and end with the exit code that it stands for."""
    if isinstance(how, Watching) and how.watch is not None:
        _watch(how, act, display=display or show_report, seconds=how.watch)
    try:
        with opened(how) as fleet:
            report = act(fleet)
        if report.planned:
            _say_where(fleet, report)
        code = exit_code(report, how=how)
    except RunInterrupted as stopped:
        report, code = stopped.report, ExitCode.INTERRUPTED
    (display or show_report)(report, how)
    raise typer.Exit(code)


def _say_where(fleet: Fleet, report: Report) -> None:
    """Say that this machine is one that would be changed: its name alone does not tell."""
    for entry in (fleet.site.master, *fleet.site.entries.values()):
        if entry.login.local and entry.name in report:
            say(f"{entry.name} is this machine")
            return


def _watch(how: How, act: Act, *, display: Display, seconds: float) -> NoReturn:
    """Do it again and again over the same connections, until Ctrl-C."""
    with chosen(how).connected() as fleet:
        while True:
            report = act(fleet)
            if sys.stdout.isatty():
                sys.stdout.write(CLEAR)
            display(report, how)
            sys.stdout.flush()
            time.sleep(seconds)


def exit_code(report: Report, *, how: How) -> ExitCode:
    """Return what the report means to a script."""
    if report.failures:
        return failed(report)
    detailed = isinstance(how, Changing) and how.detailed_exitcode
    changes = report.planned and report.changed
    return ExitCode.CHANGES if detailed and changes else ExitCode.DONE


def show_report(report: Report, how: How) -> None:
    """Print one row for each server; the summary is for people."""
    more = ("code", *(() if how.verbose else COSTS))
    listing = Listing(
        kind="servers",
        rows=[_row(outcome, report=report) for outcome in report.outcomes],
        columns=("server", "status", "what", "seconds", *(COSTS if how.verbose else ())),
        more=more,
        key="server",
        document=report.to_dict(),
        items=[outcome.to_dict() for outcome in report.outcomes],
    )
    show(listing, how.form)
    wants_diff = isinstance(how, Changing) and (report.planned if how.diff is None else how.diff)
    if how.form in {Form.TABLE, Form.WIDE} and wants_diff:
        show_diffs(report)
    if how.verbose:
        _show_bugs(report)
    say(f"{report.task}: {_summary(report)}")
    if report.failures:
        say(f"-> `dcov runs show {report.run}` tells more; `--limit @failed` runs these again")


def _show_bugs(report: Report) -> None:
    """Print where a task raised what it should not; never what its variables held."""
    for outcome in report.failures:
        if outcome.code == "bug" and outcome.error is not None:
            say(f"{outcome.server}: {''.join(traceback.format_exception(outcome.error)).rstrip()}")


def show_diffs(report: Report) -> None:
    """Print the changes of each server, line by line."""
    for outcome in report.changed:
        write(f"\n{outcome.server}:")
        for change in outcome.changes:
            if not change.needed:
                continue
            because = f" ({change.reason})" if change.reason else ""
            write(f"  {change.resource}: {change.action}{because}")
            for line in change.diff:
                write(f"    {line}", colour=_colour(line))


def costs(outcome: Outcome) -> str:
    """Return what the server cost, in words."""
    return ", ".join(f"{getattr(outcome.cost, name)} {name}" for name in COSTS)


def _row(outcome: Outcome, *, report: Report) -> dict[str, Any]:
    return {
        "server": outcome.server,
        "status": outcome.status.value,
        "what": _what(outcome, report=report),
        "seconds": f"{outcome.seconds:.1f}",
        "code": outcome.code,
        **{name: getattr(outcome.cost, name) for name in COSTS},
    }


def _what(outcome: Outcome, *, report: Report) -> str:
    needed = [change for change in outcome.changes if change.needed]
    if report.planned and outcome.status.good and not outcome.reason:
        why = f"{len(needed)} of {len(outcome.changes)} resources would change"
        return why if needed else "no changes"
    return reason(outcome)


def reason(outcome: Outcome) -> str:
    """Return why it came out so, how the rollback went, and what to do."""
    rollback = f"rollback {outcome.rollback}" if outcome.rollback else ""
    hint = f"-> {outcome.hint}" if outcome.hint else ""
    why = outcome.why.removeprefix(f"{outcome.server}: ")
    return "\n".join(part for part in (why, rollback, hint) if part)


def _summary(report: Report) -> str:
    if not report.planned:
        return f"{report.summary} in {report.seconds:.1f} s"
    return f"{len(report.changed)} of {len(report)} servers would change ({report.summary})"


def _colour(line: str) -> str | None:
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
