"""The scripts that run on servers (templates/remote)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def remote(name: str) -> str:
    """Return the text of one of them."""
    return files("dcov").joinpath("templates", "remote", name).read_text()
