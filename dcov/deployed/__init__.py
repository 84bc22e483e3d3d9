"""The site's truth on its master, and a controller's copy of it."""

from __future__ import annotations

from dcov.deployed.claim import FOLDER, INNER, check_site, claim_site, has_copy, is_claimed
from dcov.deployed.copy import NAMES, Seen
from dcov.deployed.shared_file import KEPT
from dcov.deployed.sync import Pulled, compare, pull, push

__all__ = [
    "FOLDER",
    "INNER",
    "KEPT",
    "NAMES",
    "Pulled",
    "Seen",
    "check_site",
    "claim_site",
    "compare",
    "has_copy",
    "is_claimed",
    "pull",
    "push",
]
