"""Getting into servers: the fleet key, and whether a server is fit to be managed."""

from __future__ import annotations

from dcov.access.checkup import Checkup
from dcov.access.fleet_access import FleetAccess
from dcov.access.key_login import KeyLogin
from dcov.access.ping import ping

__all__ = ["Checkup", "FleetAccess", "KeyLogin", "ping"]
