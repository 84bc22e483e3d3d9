"""The scripts that run on servers (templates/remote)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def remote(*names: str) -> str:
    """Return the text of one of them, after those with the functions that it calls."""
    folder = files("dcov").joinpath("templates", "remote")
    return "".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names)
