"""The dashboards as Python; `python -m dcov.dashboards` writes the JSON that Grafana reads."""

from __future__ import annotations

from dcov.dashboards.board import Board
from dcov.dashboards.fleet import FLEET
from dcov.dashboards.server import SERVER

BOARDS: tuple[Board, ...] = (FLEET, SERVER)

__all__ = ["BOARDS", "Board"]
