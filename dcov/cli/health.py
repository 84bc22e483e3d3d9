"""`dcov health`: whether the whole site is well."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, NoReturn

import typer

from dcov.cli.form import Form, Listing, show
from dcov.cli.options import How, Watching, spread
from dcov.cli.progress import say

if TYPE_CHECKING:
    from dcov.cli.faults import ExitCode
    from dcov.stack.health import Health

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("health")
@spread
def health(*, how: Watching) -> None:
    """Look at every layer of the site, and say of each whether it is well; nothing is changed.

    Servers, clocks, disks, exporters, containers, Prometheus with its targets and rules, Grafana,
    the proxy and its certificate. A layer that is well is one row, of the others each thing that
    is not; `-o wide` and the forms for programs have all. Ends with 3 where something is bad, and
    with 4 where that is only servers that cannot be reached; warnings end with 0.
    """
    from dcov.cli.opened import opened
    from dcov.stack.health import check

    if how.watch is not None:
        _watch(how, seconds=how.watch)
    with opened(how) as fleet:
        found = check(fleet)
    show_health(found, how)
    raise typer.Exit(exit_code(found))


def _watch(how: How, *, seconds: float) -> NoReturn:
    """Look again and again over the same connections, until Ctrl-C."""
    from dcov.cli.opened import chosen
    from dcov.cli.outcome import CLEAR
    from dcov.stack.health import check

    with chosen(how).connected() as fleet:
        while True:
            found = check(fleet)
            if sys.stdout.isatty():
                sys.stdout.write(CLEAR)
            show_health(found, how)
            sys.stdout.flush()
            time.sleep(seconds)


def exit_code(found: Health) -> ExitCode:
    """Return what it means to a script."""
    from dcov.cli.faults import ExitCode

    if found.ok:
        return ExitCode.DONE
    return ExitCode.UNREACHABLE if found.only_unreachable else ExitCode.FAILED


def show_health(found: Health, how: How) -> None:
    """Print the verdicts; the summary is for people."""
    verdicts = [
        {
            "layer": str(item.layer),
            "verdict": str(item.level),
            "subject": item.subject,
            "what": "\n".join(filter(None, (item.why, item.hint and f"-> {item.hint}"))),
        }
        for item in found.verdicts
    ]
    short = how.form is Form.TABLE
    listing = Listing(
        kind="verdicts",
        rows=list(found.rows()) if short else verdicts,
        columns=("layer", "verdict", "subject", "what"),
        key="subject",
        document=found.to_dict(),
        items=[item.to_dict() for item in found.verdicts],
    )
    show(listing, how.form)
    say(f"{found.summary} in {found.seconds:.1f} s")
