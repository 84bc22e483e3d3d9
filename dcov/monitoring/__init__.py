"""What Prometheus is told, and what it says."""

from __future__ import annotations

from dcov.monitoring.dashboards import dashboards
from dcov.monitoring.former import FormerFiles
from dcov.monitoring.reload import Reloaded
from dcov.monitoring.rules import rules
from dcov.monitoring.scrape_config import splice
from dcov.monitoring.scraped import Scraped, ask_targets, down
from dcov.monitoring.target_files import target_files
from dcov.monitoring.targets import Target, file_sd, targets

__all__ = [
    "FormerFiles",
    "Reloaded",
    "Scraped",
    "Target",
    "ask_targets",
    "dashboards",
    "down",
    "file_sd",
    "rules",
    "splice",
    "target_files",
    "targets",
]
