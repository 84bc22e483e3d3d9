"""The small task behind `put`."""

from __future__ import annotations

from pathlib import PurePosixPath

from dcov.context import Context
from dcov.resources.file import File
from dcov.runnable import task


@task(on="all")
def put_file(ctx: Context, *, path: str, content: str, mode: int = 0o644) -> None:
    """Make a file have this content."""
    ctx.ensure(File(path=PurePosixPath(path), content=content, mode=mode))
