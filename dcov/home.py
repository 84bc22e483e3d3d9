"""Who runs dcov on this machine: a name and a home, which a user in a container may lack."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from pathlib import Path

NONE = Path("/nonexistent")  # as Debian has it for users without a home


def user_name() -> str:
    """Return the user's name; the number where there is no name for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # the latter from Python 3.13 on
        return str(os.geteuid())


def home() -> Path:
    """Return the user's home; a place that does not exist where there is none."""
    try:
        return Path.home()
    except RuntimeError:
        return NONE


def own_folder(place: Callable[[str], Path]) -> Path:
    """Return one of the user's folders for dcov, as `platformdirs` has them."""
    try:
        return place("dcov")
    except RuntimeError:  # no home
        return NONE / "dcov"


def expanded(path: Path | str) -> Path:
    """Put a home in the place of `~`; `~nobody`, which Path.expanduser() refuses, stays."""
    return Path(os.path.expanduser(path))  # noqa: PTH111
