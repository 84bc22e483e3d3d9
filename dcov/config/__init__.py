"""What the user wrote in fleet-config.yaml and .secrets.yaml."""

from __future__ import annotations

from dcov.config.load import Config, load
from dcov.config.notice import Notice
from dcov.config.schema import schema
from dcov.config.search import Found, find_config
from dcov.config.server import ServerSettings
from dcov.config.settings import Settings
from dcov.config.show import show

__all__ = [
    "Config",
    "Found",
    "Notice",
    "ServerSettings",
    "Settings",
    "find_config",
    "load",
    "schema",
    "show",
]
