"""Docker, looked at over our own session."""

from __future__ import annotations

from dcov.clients.docker.engine import Docker
from dcov.clients.docker.values import Container, Image, Network, Volume

__all__ = ["Container", "Docker", "Image", "Network", "Volume"]
