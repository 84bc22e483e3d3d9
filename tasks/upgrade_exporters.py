"""Upgrade exporters where they are installed, with care."""

from __future__ import annotations

from dcov import Context, task
from dcov.exporters import FOLDER, Installation
from dcov.tasks.install_exporters import install_exporters


@task(
    on="workers",
    prepare=Installation.prepare,
    using={"canary": 1, "batch": "10%", "max_failures": 0},
)
def upgrade_exporters(
    ctx: Context,
    *,
    exporters: list[str] | None = None,
    versions: list[str] = [],  # noqa: B006
) -> None:
    """Bring installed exporters to the wanted version: one server first, then a tenth at a time.

    A server where none is installed is left as it is. When a new version does not answer the
    former one is put back there, and no further server is begun.

    Parameters:
        exporters: Their names; all that are installed where it is missing.
        versions: Versions to install instead of the site's, as in node_exporter=1.9.0.
    """
    found = ctx.run(("ls", str(FOLDER)), reads=True, check=False).stdout.split()
    installation: Installation = ctx.prepared
    installed = [item.name for item in installation.exporters if item.name in found]
    if not installed:
        ctx.skip("dcov has installed no exporter here")
    install_exporters(ctx, exporters=installed, versions=versions)
