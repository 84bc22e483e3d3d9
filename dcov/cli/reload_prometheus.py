"""`dcov reload-prometheus`: files that were changed by hand."""

from __future__ import annotations

import typer

from dcov.cli.options import How, spread

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("reload-prometheus")
@spread
def reload_prometheus(*, how: How) -> None:
    """Have Prometheus on the master read its configuration and rules anew, as they lie there.

    For files that were changed by hand, or by another program. Where Prometheus refuses them it
    says why, and goes on with the former ones.
    """
    from dcov.cli.outcome import finish
    from dcov.tasks import reload_prometheus as task

    finish(how, lambda fleet: fleet.run(task))
