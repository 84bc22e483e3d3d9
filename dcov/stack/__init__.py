"""What the monitoring stack on the master is made from."""

from __future__ import annotations

from dcov.rendering import Templates

__all__ = ["Templates"]
