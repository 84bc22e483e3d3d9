"""`dcov tasks`: what can be run."""

from __future__ import annotations

from typing import Annotated

import typer

from dcov.cli.form import Listing, show
from dcov.cli.options import Look, spread
from dcov.cli.task_options import described
from dcov.config.search import find_config
from dcov.discovery import find_tasks
from dcov.errors import ConfigError

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("tasks")
@spread
def tasks(
    *,
    shipped: Annotated[bool, typer.Option("--shipped", help="Without the site's own.")] = False,
    how: Look,
) -> None:
    """List the tasks that dcov ships, and those in tasks/ beside the configuration."""
    try:
        path = None if shipped else find_config(how.config).path
    except ConfigError:
        if how.config is not None:
            raise
        path = None  # without a site there are still the shipped tasks
    folder = path if path is None or path.is_dir() else path.parent
    found = find_tasks(folder).by_name
    rows = [
        {
            "name": name,
            "on": task.on,
            "what": task.summary,
            "parameters": [parameter.name for parameter in task.parameters],
            "description": described(task.description)[0],
        }
        for name, task in found.items()
    ]
    columns = ("name", "on", "what")
    show(Listing(kind="tasks", rows=rows, columns=columns, more=("parameters",)), how.form)
