"""Give a site without internet what a bundle holds."""

from __future__ import annotations

from pathlib import Path

from dcov import Context, task
from dcov.stack import Bundle


@task(on="master", prepare=Bundle.prepare, using={"deadline": 7200.0})
def load_bundle(ctx: Context, *, source: Path) -> None:
    """Load the images of a bundle into the master's engine, and its exporters into the cache here.

    Every digest is checked first. Only images that the engine lacks are sent.

    Parameters:
        source: The bundle on this machine, as `dcov bundle` wrote it.
    """
    bundle: Bundle = ctx.prepared
    ctx.ensure(*bundle.images())
