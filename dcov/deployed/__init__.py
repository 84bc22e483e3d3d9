"""The site's truth on its master, and a controller's copy of it."""

from __future__ import annotations

from dcov.deployed.claim import FOLDER, check_site, claim_site
from dcov.deployed.sync import Pulled, compare, pull, push

__all__ = ["FOLDER", "Pulled", "check_site", "claim_site", "compare", "pull", "push"]
