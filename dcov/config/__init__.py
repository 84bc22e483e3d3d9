"""What the user wrote in fleet-config.yaml and .secrets.yaml."""

from __future__ import annotations

from dcov.config.load import Config, load
from dcov.config.notice import Notice
from dcov.config.server import ServerSettings
from dcov.config.settings import Settings

__all__ = ["Config", "Notice", "ServerSettings", "Settings", "load"]
