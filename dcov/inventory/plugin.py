"""The inventory plugin `dcov-fleet`: a fleet-config.yaml for any program that uses Nornir."""

from __future__ import annotations

from pathlib import Path

from nornir.core.inventory import Inventory

from dcov.inventory.as_hosts import to_nornir
from dcov.inventory.open_site import open_site


class FleetInventory:
    """Nornir's inventory from a dcov site; without `config` it is searched as `dcov` does."""

    def __init__(self, config: Path | str | None = None) -> None:
        self.config = config

    def load(self) -> Inventory:
        """Read the site, and return its servers as Nornir's hosts."""
        return to_nornir(open_site(self.config))
