"""Have all that a site without internet needs in one file."""

from __future__ import annotations

from pathlib import Path

from dcov import Context, task
from dcov.stack import Bundling


@task(on="master", prepare=Bundling.prepare, using={"deadline": 7200.0})
def bundle_site(ctx: Context, *, to: Path) -> None:
    """Write the site's images, the exporters' files and the templates to one file.

    Images are saved by the master's engine, which pulls those that it lacks, in the architecture
    that it has. Nothing secret is in the file.

    Parameters:
        to: The file on this machine.
    """
    bundling: Bundling = ctx.prepared
    if ctx.planning:
        ctx.note(f"would write {to}")
        return
    made = bundling.write(ctx, to=to.expanduser())
    size = sum(part.size for part in made.parts)
    ctx.note(f"{to}: {', '.join(part.name for part in made.parts)}; {size / 1e6:.0f} MB")
