"""`dcov adopt`: a host of an older DC Overview becomes a site."""

from __future__ import annotations

from typing import Annotated

import typer

from dcov.cli.form import write
from dcov.cli.options import Look, spread
from dcov.cli.progress import say

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("adopt")
@spread
def adopt_(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "--check", help="Show what would be written here.")
    ] = False,
    how: Look,
) -> None:
    """Write down here what an existing DC Overview host is: `dcov quickstart` then takes it over.

    Nothing is changed on the master. Its configuration and passwords are taken over into the site
    that names it, with the volumes and images that Prometheus and Grafana use there.
    """
    from dcov.fleet import Fleet
    from dcov.stack.adoption import adopt, find_adoption

    fleet = Fleet.load(how.config)
    done = find_adoption(fleet) if dry_run else adopt(fleet)
    for line in done.diff:
        write(line)
    for line in done.said:
        say(line)
    say(
        "nothing was written" if dry_run else "`dcov quickstart --dry-run` shows what changes there"
    )
