"""Who runs dcov on this machine: a name and a home, which a user in a container may lack."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from pathlib import Path

NONE = Path("/nonexistent")  # as Debian has it for users without a home


def user_name() -> str:
    """Return the name of whom this process belongs to; the number where there is no name for it.

    Root is root, by whatever name.
    """
    # Not LOGNAME: after a plain `su`, or below `runuser -u`, that is still who logged in.
    uid = os.geteuid()
    if uid == 0:
        return "root"
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


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
