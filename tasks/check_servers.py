"""See whether servers are fit to be managed."""

from __future__ import annotations

from dcov import Context, task
from dcov.access import Checkup, ping


@task(on="all")
def check_servers(ctx: Context) -> Checkup:
    """Log in to servers, become root, and tell what each is.

    Tells the operating system, CPU, memory, disk, GPUs with their driver, and how far the clock
    is off. Changes nothing: three short steps, a TCP connection, a login and two commands.
    """
    if ping(ctx) is False:
        ctx.note(f"no TCP connection to {ctx.login.place} within 2 s")
    return Checkup.of(ctx)
