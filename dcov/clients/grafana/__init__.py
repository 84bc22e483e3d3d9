"""Grafana by its HTTP API."""

from __future__ import annotations

from dcov.clients.grafana.client import Grafana
from dcov.clients.grafana.login import admin_password
from dcov.clients.grafana.values import (
    REDACTED,
    ContactPoint,
    Dashboard,
    DataSource,
    Folder,
    Hit,
)

__all__ = [
    "REDACTED",
    "ContactPoint",
    "Dashboard",
    "DataSource",
    "Folder",
    "Grafana",
    "Hit",
    "admin_password",
]
