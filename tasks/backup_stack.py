"""Bring a site's data and configuration from the master into one file."""

from __future__ import annotations

from pathlib import Path

from dcov import Context, task
from dcov.stack import backup


@task(on="master", using={"deadline": 7200.0})
def backup_stack(ctx: Context, *, to: Path) -> None:
    """Write history, dashboards, logins, certificates and configuration to one file, 0600.

    Volumes are those that dcov made; folders are /etc/dc-overview, /etc/cryptolabs-proxy and
    /etc/ipmi-monitor. Each container is stopped for the seconds in which its data are copied on
    the master, one after the other.

    Parameters:
        to: The file on this machine.
    """
    if ctx.planning:
        ctx.note(f"would write {to}, and stop one container after the other for some seconds")
        return
    made = backup(ctx, site=ctx.fleet, to=to.expanduser())
    size = sum(part.size for part in made.parts)
    ctx.note(f"{to}: {', '.join(part.name for part in made.parts)}; {size / 1e6:.0f} MB")
