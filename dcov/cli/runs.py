"""`dcov runs`: what earlier runs did, from their records on this machine."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dcov.cli.form import Form, Listing, show, write
from dcov.cli.options import Look, spread
from dcov.cli.progress import say
from dcov.engine.record import Past, past_run, past_runs
from dcov.selection import unfinished

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, add_completion=False)


@app.callback()
def runs() -> None:
    """Look at earlier runs."""


@app.command("list")
@spread
def list_(
    *,
    last: Annotated[int, typer.Option(help="How many, the newest first.")] = 20,
    how: Look,
) -> None:
    """List the runs that were started on this machine by you."""
    rows = [_row(past) for past in past_runs()[:last]]
    columns = ("run", "task", "servers", "seconds", "summary")
    show(Listing(kind="runs", rows=rows, columns=columns, key="run"), how.form)


@app.command("show")
@spread
def show_(
    *,
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="Its id, or the beginning of it; else the last.")
    ] = "",
    diff: Annotated[bool, typer.Option("--diff", help="With the changes line by line.")] = False,
    how: Look,
) -> None:
    """Show how each server came out of a run."""
    past = past_run(run)
    report = past.report
    if report is None:
        say(f"run {past.run} is under way or was killed; these servers are not done:")
        rows = [{"server": name, "status": "not done"} for name in unfinished(past)]
        show(
            Listing(kind="servers", rows=rows, columns=("server", "status"), key="server"), how.form
        )
        return
    show(
        Listing(
            kind="servers",
            rows=[{**server, "what": _what(server)} for server in report["servers"]],
            columns=("server", "status", "what", "seconds"),
            more=("code", "cost"),
            key="server",
            document=report,
        ),
        how.form,
    )
    if diff and how.form in {Form.TABLE, Form.WIDE}:
        for server, lines in past.diffs():
            write(f"\n{server}:\n{lines}")
    say(f"{past.run} {report['task']}: {report['summary']} in {report['seconds']:.1f} s")


def _row(past: Past) -> dict[str, Any]:
    report = past.report
    if report is None:
        return {"run": past.run, "summary": f"not done: {', '.join(unfinished(past))}"}
    return {
        "run": past.run,
        "task": f"{report['task']}{' (plan)' if report['plan'] else ''}",
        "servers": len(report["servers"]),
        "seconds": report["seconds"],
        "summary": report["summary"],
    }


def _what(server: dict[str, Any]) -> str:
    hint = f"-> {server['hint']}" if server["hint"] else ""
    return "\n".join(part for part in (server["why"], hint) if part)
