"""A site as a Nornir inventory, and back."""

from __future__ import annotations

from dcov.inventory.as_hosts import to_nornir
from dcov.inventory.folder import load_folder
from dcov.inventory.of_hosts import from_nornir, to_entry

__all__ = ["from_nornir", "load_folder", "to_entry", "to_nornir"]
