"""The site that is meant: found by the rules of search, whatever form it has."""

from __future__ import annotations

from pathlib import Path

from dcov.config.search import find_config
from dcov.inventory.folder import load_folder
from dcov.inventory.site import Site


def open_site(path: Path | str | None = None) -> Site:
    """Find and read a site: a fleet-config.yaml, or the folder of a Nornir inventory."""
    found = find_config(path).path
    return load_folder(found) if found.is_dir() else Site.load(found)
