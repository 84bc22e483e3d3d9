"""Bring back a site that was lost."""

from __future__ import annotations

from pathlib import Path

from dcov import Context, task
from dcov.stack import Healthy, Restoring
from dcov.tasks.install_prerequisites import install_prerequisites


@task(on="master", prepare=Restoring.prepare, using={"deadline": 7200.0})
def restore_stack(ctx: Context, *, source: Path) -> None:
    """Bring history, dashboards, logins and certificates back from a backup, and run the stack.

    The archive's digests are checked first. A volume that is there already is refused: nothing is
    overwritten. All of it comes back, or nothing. `dcov quickstart` afterwards brings exporters.

    Parameters:
        source: The archive on this machine, as `dcov backup` wrote it.
    """
    restoring: Restoring = ctx.prepared
    install_prerequisites(ctx)
    ctx.ensure(*restoring.resources())
    ctx.verify(Healthy(containers=tuple(restoring.services)), within=180)
