"""Panels of rows: one for each server, GPU or disk, and a matrix of servers and GPUs."""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

from dcov.dashboards.column import Column, Key
from dcov.dashboards.look import QUIET, Json, Scale
from dcov.dashboards.panel import WIDTH, Query, targets

SERVER_LINK: Json = {
    "title": "This server",
    "url": "/d/dc-overview-server?var-instance=${__value.text}&${__url_time_range}",
}
CELLS: Json = {
    "color-background": {"type": "color-background", "mode": "basic"},
    "gauge": {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows joined by their keys; a row that only some columns have is shown."""

    title: str
    description: str
    keys: tuple[Key, ...]
    columns: tuple[Column, ...]
    sort: str = ""
    descending: bool = True
    unit: str = "none"
    width: int = WIDTH
    height: int = 8

    def json(self) -> Json:
        order = self.sort or self.columns[0].title
        return {
            "type": "table",
            "fieldConfig": {
                "defaults": _cells(self.unit, scale=QUIET, cell=None),
                "overrides": [*self._key_looks(), *map(_look, self.columns)],
            },
            "options": _options(sort=order, descending=self.descending),
            "targets": targets(
                [Query(expr=column.expr) for column in self.columns], instant=True, table=True
            ),
            "transformations": [{"id": "merge", "options": {}}, self._organize()],
        }

    def _organize(self) -> Json:
        names = {key.label: key.title for key in self.keys}
        for value, column in zip(self._values(), self.columns, strict=True):
            if column.label:
                names |= {column.label: column.title, value: ""}
            else:
                names[value] = column.title
        return {
            "id": "organize",
            "options": {
                "excludeByName": {"Time": True}
                | {name: True for name, title in names.items() if not title},
                "indexByName": {name: place for place, name in enumerate(names)},
                "renameByName": {name: title for name, title in names.items() if title},
            },
        }

    def _values(self) -> list[str]:
        """Name the fields of values: Grafana letters them where there are several."""
        if len(self.columns) == 1:
            return ["Value"]
        return [f"Value #{letter}" for letter in ascii_uppercase[: len(self.columns)]]

    def _key_looks(self) -> list[Json]:
        return [
            _override(key.title, links=[SERVER_LINK])
            for key in self.keys
            if key.label == "instance" and key.title
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """A row for each server, a column for each GPU's index."""

    title: str
    description: str
    expr: str
    unit: str
    scale: Scale
    width: int = 12
    height: int = 10

    def json(self) -> Json:
        corner = "instance\\gpu"
        return {
            "type": "table",
            "fieldConfig": {
                "defaults": _cells(self.unit, scale=self.scale, cell="color-background"),
                "overrides": [
                    _override(
                        corner,
                        displayName="Server",
                        links=[SERVER_LINK],
                        **{"custom.cellOptions": {"type": "auto"}},
                    )
                ],
            },
            "options": _options(sort="Server", descending=False),
            "targets": targets([Query(expr=self.expr)], instant=True, table=True),
            "transformations": [
                {
                    "id": "groupingToMatrix",
                    "options": {
                        "columnField": "gpu",
                        "emptyValue": "null",
                        "rowField": "instance",
                        "valueField": "Value",
                    },
                }
            ],
        }


def _look(column: Column) -> Json:
    if column.label:
        return _override(column.title)
    properties: dict[str, Any] = {"unit": column.unit, "thresholds": column.scale.json()}
    if column.decimals is not None:
        properties["decimals"] = column.decimals
    if column.words:
        properties["mappings"] = column.words.json()
    if column.gauge:
        properties |= {"min": 0, "max": 100 if column.unit == "percent" else 1}
        properties["custom.cellOptions"] = CELLS["gauge"]
    elif column.words or column.scale is not QUIET:
        properties["custom.cellOptions"] = CELLS["color-background"]
    return _override(column.title, **properties)


def _override(name: str, **properties: Any) -> Json:
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": id_, "value": value} for id_, value in properties.items()],
    }


def _cells(unit: str, *, scale: Scale, cell: str | None) -> Json:
    return {
        "color": {"mode": "thresholds"},
        "custom": {
            "align": "auto",
            "cellOptions": CELLS[cell] if cell else {"type": "auto"},
            "filterable": True,
            "inspect": False,
        },
        "mappings": [],
        "thresholds": scale.json(),
        "unit": unit,
    }


def _options(*, sort: str, descending: bool) -> Json:
    return {
        "cellHeight": "sm",
        "footer": {"countRows": False, "fields": "", "reducer": ["sum"], "show": False},
        "showHeader": True,
        "sortBy": [{"desc": descending, "displayName": sort}],
    }
