"""`dcov exec`: one command on every server."""

from __future__ import annotations

import shlex
import sys
from typing import Annotated

import typer

from dcov.cli.form import Form, write
from dcov.cli.options import How, spread
from dcov.cli.progress import say
from dcov.errors import CommandFailedError
from dcov.report import Report

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("exec", context_settings={"allow_interspersed_args": False})
@spread
def exec_(
    *,
    command: Annotated[list[str], typer.Argument(metavar="COMMAND", help="What to run, after --.")],
    as_root: Annotated[bool, typer.Option("--as-root", help="Run it as root, by sudo.")] = False,
    within: Annotated[float, typer.Option(metavar="SECONDS", help="How long it may take.")] = 60.0,
    how: How,
) -> None:
    """Run one command on servers; each line of its output comes with the server's name.

    Words are quoted for the remote shell. For a pipe or a variable there, give one word:
    dcov exec -- 'df -h | tail -1'
    """
    from dcov.cli.outcome import finish

    line = command[0] if len(command) == 1 else shlex.join(command)
    finish(how, lambda fleet: fleet.sh(line, within=within, as_root=as_root), display=show_output)


def show_output(report: Report, how: How) -> None:
    """Print what the command wrote, stderr to stderr; other forms are those of any report."""
    from dcov.cli.outcome import costs, reason, show_report

    if how.form is not Form.TABLE:
        show_report(report, how)
        return
    for outcome in report.outcomes:
        failed = outcome.error if isinstance(outcome.error, CommandFailedError) else None
        spoken = failed or outcome.value
        if spoken is not None:
            for line in spoken.stdout.splitlines():
                write(f"{outcome.server}: {line}")
            sys.stdout.flush()
            for line in spoken.stderr.splitlines():
                say(f"{outcome.server}: {line}")
        if failed is not None:
            say(f"{outcome.server}: exit code {failed.exit_code}")
        elif not outcome.status.good:
            say(f"{outcome.server}: {reason(outcome)}")
        if how.verbose:
            say(f"{outcome.server}: {costs(outcome)}")
    say(f"exec: {report.summary} in {report.seconds:.1f} s")
