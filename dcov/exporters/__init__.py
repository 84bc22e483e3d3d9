"""The exporters that dcov knows, and how they are installed."""

from __future__ import annotations

from dcov.exporters.catalogue import CATALOGUE, choose
from dcov.exporters.exporter import Exporter
from dcov.exporters.installation import Installation
from dcov.exporters.listen import listen_address
from dcov.exporters.manifest import FOLDER, Before
from dcov.exporters.scrape import Answers

__all__ = [
    "CATALOGUE",
    "FOLDER",
    "Answers",
    "Before",
    "Exporter",
    "Installation",
    "choose",
    "listen_address",
]
