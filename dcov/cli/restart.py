"""`dcov restart`: services on the master."""

from __future__ import annotations

from typing import Annotated

import typer

from dcov.cli.complete import complete_service
from dcov.cli.options import How, spread

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("restart")
@spread
def restart(
    *,
    services: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SERVICE]...",
            help="Their names; all that dcov runs without one.",
            autocompletion=complete_service,
        ),
    ] = None,
    how: How,
) -> None:
    """Restart services on the master, and wait until they say that they are well.

    A container that dcov did not make is refused. Nothing is made anew: `dcov quickstart` does
    that where a definition has changed.
    """
    from dcov.cli.outcome import finish
    from dcov.stack.operation import restart_services

    finish(how, lambda fleet: fleet.run(restart_services, services=services or []))
