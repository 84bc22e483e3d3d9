"""Remove exporters and leave nothing behind."""

from __future__ import annotations

from dcov import Context, task
from dcov.exporters import Before, choose
from dcov.resources import Resource


@task(on="workers")
def remove_exporters(ctx: Context, *, exporters: list[str] | None = None) -> None:
    """Bring each server back to what it was before its exporters were installed.

    Files, units and users that dcov made are removed; what it replaced comes back, and runs
    again if it ran. What dcov did not install is left alone. A file that somebody changed since
    is named: it goes as well, and its text is in the record of this run.

    Parameters:
        exporters: Their names; all that dcov installed where it is missing.
    """
    wanted: list[Resource] = []
    for exporter in choose(exporters):
        before = Before.of(ctx, exporter=exporter.name)
        if before is None:
            continue
        for path in before.changed:
            ctx.note(f"{path} is not as dcov placed it")
        wanted += before.resources()
    if not wanted:
        ctx.skip("dcov has installed none of these here")
    ctx.ensure(*wanted)
