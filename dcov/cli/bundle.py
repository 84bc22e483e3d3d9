"""`dcov bundle`: all that a site without internet needs, in one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dcov.cli.options import Changing, spread

if TYPE_CHECKING:
    from dcov.fleet import Fleet
    from dcov.report import Report

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("bundle")
@spread
def bundle(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The bundle, on this machine.")],
    how: Changing,
) -> None:
    """Write images, exporters and templates to one file, for a site without internet.

    The images come from the master's engine. `dcov quickstart --bundle FILE` deploys from the file.
    """
    from dcov.cli.outcome import finish
    from dcov.tasks import bundle_site

    def act(fleet: Fleet) -> Report:
        if how.dry_run:
            return fleet.plan(bundle_site, to=file).report
        return fleet.run(bundle_site, to=file)

    finish(how, act)
