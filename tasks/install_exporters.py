"""Install exporters on servers."""

from __future__ import annotations

from dcov import Context, task
from dcov.exporters import Installation, listen_address


@task(on="workers", prepare=Installation.prepare)
def install_exporters(
    ctx: Context,
    *,
    exporters: list[str] | None = None,
    versions: list[str] = [],  # noqa: B006
) -> None:
    """Install exporters and wait until each answers with its version.

    Those that do not apply to a server (no GPU) are left out there, and that is said. The
    former version is put back when the new one does not answer within 30 s. Where all runs
    already nothing is changed: two read-only execs, and one scrape for each exporter.

    Parameters:
        exporters: Their names; all that the site does not disable where it is missing.
        versions: Versions to install instead of the site's, as in node_exporter=1.9.0.
    """
    installation: Installation = ctx.prepared
    if not ctx.facts.has_systemd:
        ctx.skip("exporters run as systemd units, and this server has no systemd")
    chosen = installation.fitting(ctx)
    if not chosen:
        ctx.skip("none of the chosen exporters applies to this server")
    listen = listen_address(ctx)
    wanted = {
        exporter: installation.resources(exporter, ctx=ctx, listen=listen) for exporter in chosen
    }
    changes = ctx.ensure(*(resource for group in wanted.values() for resource in group))
    installation.tell(changes, ctx=ctx)
    changed = any(change.needed for change in changes)
    for exporter, resources in wanted.items():
        applied = resources if changed else ()
        ctx.verify(installation.check(exporter, applied=applied, listen=listen), within=30)
