"""Panels of values: one number, lines over time, states over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Protocol

from dcov.dashboards.look import NO_SCALE, Json, Scale, Words

SOURCE: Json = {"type": "prometheus", "uid": "prometheus"}
WIDTH = 24  # of the page, in Grafana's units


def host(record: str, *further: str) -> str:
    """Select this record of the server that the reader has chosen."""
    return record + "{" + ", ".join(('instance="$instance"', *further)) + "}"


class Panel(Protocol):
    """What can be placed on a dashboard."""

    @property
    def title(self) -> str:
        """What stands above it."""
        ...

    @property
    def description(self) -> str:
        """What it answers."""
        ...

    @property
    def width(self) -> int:
        """How many of the page's 24 columns it takes."""
        ...

    @property
    def height(self) -> int:
        """How many lines it takes."""
        ...

    def json(self) -> Json:
        """Give the panel as Grafana has it, but for its place and number."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question to Prometheus; `legend` names each answer, with its labels in double braces."""

    expr: str
    legend: str = ""


def targets(queries: Sequence[Query], *, instant: bool, table: bool = False) -> list[Json]:
    """Give the questions as Grafana has them, lettered from A on."""
    return [
        {
            "datasource": SOURCE,
            "editorMode": "code",
            "expr": query.expr,
            "format": "table" if table else "time_series",
            "instant": instant,
            "legendFormat": query.legend or "__auto",
            "range": not instant,
            "refId": letter,
        }
        for letter, query in zip(ascii_uppercase, queries, strict=False)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat:
    """One number, or one for each answer, as it is now."""

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    scale: Scale = NO_SCALE
    words: Words | None = None
    decimals: int | None = None
    width: int = 3
    height: int = 4

    def json(self) -> Json:
        defaults = _defaults(self.unit, scale=self.scale, words=self.words)
        defaults |= {"color": {"mode": "thresholds"}}
        if self.decimals is not None:
            defaults["decimals"] = self.decimals
        return {
            "type": "stat",
            "fieldConfig": {"defaults": defaults, "overrides": []},
            "options": {
                "colorMode": "value",
                "graphMode": "none",
                "justifyMode": "auto",
                "orientation": "auto",
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
                "textMode": "auto",
            },
            "targets": targets(self.queries, instant=True),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Lines over time; `top` and `bottom` fix the axis, `scale` draws its steps as lines."""

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    bottom: float | None = 0
    top: float | None = None
    scale: Scale | None = None
    width: int = 12
    height: int = 8

    def json(self) -> Json:
        defaults = _defaults(self.unit, scale=self.scale or NO_SCALE)
        defaults["color"] = {"mode": "palette-classic"}
        limits = {"min": self.bottom, "max": self.top}
        defaults |= {name: value for name, value in limits.items() if value is not None}
        defaults["custom"] = {
            "drawStyle": "line",
            "fillOpacity": 0,
            "lineInterpolation": "linear",
            "lineWidth": 1,
            "showPoints": "auto",
            "spanNulls": False,
            "stacking": {"group": "A", "mode": "none"},
            "thresholdsStyle": {"mode": "dashed" if self.scale else "off"},
        }
        return {
            "type": "timeseries",
            "fieldConfig": {"defaults": defaults, "overrides": []},
            "options": {
                "legend": {
                    "calcs": ["lastNotNull", "max"],
                    "displayMode": "table",
                    "placement": "bottom",
                    "showLegend": True,
                },
                "tooltip": {"mode": "multi", "sort": "desc"},
            },
            "targets": targets(self.queries, instant=False),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class States:
    """A band for each answer, coloured by its state over time."""

    title: str
    description: str
    words: Words
    queries: tuple[Query, ...]
    unit: str = "none"
    width: int = 12
    height: int = 8

    def json(self) -> Json:
        defaults = _defaults(self.unit, scale=NO_SCALE, words=self.words)
        defaults |= {
            "color": {"mode": "thresholds"},
            "custom": {"fillOpacity": 70, "lineWidth": 0, "spanNulls": False},
        }
        return {
            "type": "state-timeline",
            "fieldConfig": {"defaults": defaults, "overrides": []},
            "options": {
                "alignValue": "left",
                "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
                "mergeValues": True,
                "rowHeight": 0.9,
                "showValue": "never",
                "tooltip": {"mode": "single", "sort": "none"},
            },
            "targets": targets(self.queries, instant=False),
        }


def _defaults(unit: str, *, scale: Scale, words: Words | None = None) -> Json:
    return {
        "mappings": words.json() if words else [],
        "thresholds": scale.json(),
        "unit": unit,
    }
