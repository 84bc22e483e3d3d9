"""`dcov status`: what runs on the master."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from dcov.cli.form import Form, Listing, show, write
from dcov.cli.options import Look, spread

if TYPE_CHECKING:
    from dcov.stack.status import Service, StackStatus

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("status")
@spread
def status(*, how: Look) -> None:
    """Show the containers on the master, with their versions, and how many targets are up.

    A glance that changes nothing: `dcov health` looks at everything and judges.
    """
    from dcov.fleet import Fleet
    from dcov.stack.status import status as look

    show_status(look(Fleet.load(how.config)), how)


def show_status(found: StackStatus, how: Look) -> None:
    """Print a row for each container, and below them the rest."""
    rows = [_row(item) for item in found.services]
    listing = Listing(
        kind="services",
        rows=rows,
        columns=("name", "version", "state", "health", "since"),
        more=("image", "ours"),
        document=found.to_dict(),
    )
    show(listing, how.form)
    if how.form not in {Form.TABLE, Form.WIDE}:
        return
    write("")
    if found.targets_up is None:
        write("targets      Prometheus does not answer")
    else:
        write(f"targets      {found.targets_up} of {found.targets} up")
    days = found.certificate_days
    write(f"certificate  {'none' if days is None else f'{days} days left'}")
    for disk in found.disks:
        free, size = disk.free_kib / 2**20, disk.size_kib / 2**20
        write(f"disk         {disk.path}: {free:.0f} of {size:.0f} GiB free")
    write(f"engine       {found.engine} on {found.server}")


def _row(item: Service) -> dict[str, Any]:
    return {
        "name": item.name,
        "version": item.version,
        "state": item.state,
        "health": item.health if item.state == "running" else "",
        "since": _ago(item.since) if item.state == "running" else "",
        "image": item.image,
        "ours": item.ours,
    }


def _ago(since: datetime | None) -> str:
    """Return for how long, in the largest unit that fits."""
    if since is None:
        return ""
    seconds = int((datetime.now(tz=UTC) - since).total_seconds())
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{max(seconds, 0)} s"
