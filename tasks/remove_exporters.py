"""Remove exporters and leave nothing behind."""

from __future__ import annotations

from dcov import Context, task
from dcov.exporters import FOLDER, Before, choose
from dcov.resources import Resource


@task(on="workers")
def remove_exporters(ctx: Context, *, exporters: list[str] | None = None) -> None:
    """Bring each server back to what it was before its exporters were installed.

    Files, units and users that dcov made are removed; what it replaced comes back, and runs
    again if it ran. What dcov did not install is left alone.

    Parameters:
        exporters: Their names; all that dcov installed where it is missing.
    """
    chosen = choose(exporters)
    wanted: list[Resource] = []
    for exporter in chosen:
        manifest = ctx.run(
            ("cat", str(FOLDER / exporter.name / "manifest")), reads=True, check=False
        )
        if manifest.ok:
            wanted += Before.read(manifest.stdout, exporter=exporter.name).resources()
    if not wanted:
        ctx.skip("dcov has installed none of these here")
    ctx.ensure(*wanted)
