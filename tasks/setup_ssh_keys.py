"""Let the fleet key in."""

from __future__ import annotations

from dcov import Context, task
from dcov.access import FleetAccess


@task(on="workers", prepare=FleetAccess.prepare)
def setup_ssh_keys(ctx: Context, *, authorized_keys: str = "") -> None:
    """Let the fleet key in on servers, and log in with it.

    The key is made once, on this machine, where there is none at `ssh.key_path` or in ssh_keys/
    beside the configuration. It is added to the authorized_keys of the user that dcov logs in
    as, by password or another key. The login with it is tried over a connection of its own;
    where sshd does not take it, the file is put back as it was. The master is left out: what
    holds the fleet key is not to have the machine that looks after the fleet.

    Parameters:
        authorized_keys: Where sshd looks, if not in the user's home: a path, with %u for the user.
    """
    if ctx.login.local:
        ctx.skip("this is the machine that dcov runs on; nobody logs in to it")
    if ctx.server.role == "master":
        ctx.skip("the fleet key is for the workers; it never opens the master")
    access: FleetAccess = ctx.prepared
    ctx.ensure(access.resource(ctx, authorized_keys=authorized_keys))
    ctx.verify(access.check(), within=0)
