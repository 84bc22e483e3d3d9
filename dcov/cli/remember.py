"""What an option said anywhere on the command line, for all parts of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

CONFIG = "dcov.config"
VERBOSE = "dcov.verbose"


def config_option() -> Any:
    """Make the option `-c`, which may stand before or after the command's name."""
    return typer.Option(
        "--config",
        "-c",
        metavar="PATH",
        help="The site: fleet-config.yaml, its folder, or a Nornir inventory.",
        callback=_remember_config,
        show_default=False,
    )


def verbose_option() -> Any:
    """Make the option `-v`."""
    return typer.Option(
        "--verbose",
        "-v",
        help="Show what each server cost, and tracebacks.",
        callback=_remember_verbose,
    )


def config_of(ctx: typer.Context, args: Sequence[str] = ()) -> Path | None:
    """Return the site that was named so far, or will be by these arguments."""
    words = iter(args)
    for word in words:
        if word == "--":
            break
        if word in {"-c", "--config"}:
            following = next(words, None)
            return Path(following) if following else None
        if word.startswith("--config="):
            return Path(word.removeprefix("--config="))
    named: Path | None = ctx.meta.get(CONFIG)
    return named


def _remember_config(ctx: typer.Context, value: Path | None) -> Path | None:
    if value is not None:
        ctx.meta[CONFIG] = value
    return config_of(ctx)


def _remember_verbose(ctx: typer.Context, value: bool) -> bool:  # noqa: FBT001
    ctx.meta[VERBOSE] = value
    return value
