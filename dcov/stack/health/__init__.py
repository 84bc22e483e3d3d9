"""Whether a deployed site is well, layer by layer; nothing is changed by looking."""

from __future__ import annotations

from dcov.stack.health.check import check
from dcov.stack.health.verdict import Health, Layer, Level, Verdict

__all__ = ["Health", "Layer", "Level", "Verdict", "check"]
