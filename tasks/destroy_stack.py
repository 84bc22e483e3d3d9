"""Take the stack off the master again."""

from __future__ import annotations

from dcov import Context, task
from dcov.stack import Remains


@task(on="master")
def destroy_stack(ctx: Context, *, volumes: bool = False) -> None:
    """Remove what dcov made on the master, and nothing else; what it replaced comes back.

    Containers, networks and volumes go by dcov's own label, files by the record of what was there
    before. A network that somebody else's container is on stays, and so do packages, images and
    what certbot got.

    Parameters:
        volumes: Also the volumes: history, Grafana's database. There is no way back from that.
    """
    remains = Remains.of(ctx)
    wanted = remains.absent(volumes=volumes)
    changes = ctx.ensure(*wanted)
    if remains.volumes and not volumes:
        ctx.note(f"kept volumes: {', '.join(remains.volumes)}")
    for change in changes:
        if change.reason and not change.needed:
            ctx.note(f"{change.resource}: {change.reason}")
    if remains.certificates:
        ctx.note(f"kept certbot's certificates: {', '.join(remains.certificates)}")
