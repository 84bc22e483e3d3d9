"""A dashboard: sections of panels, set from left to right."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dcov.dashboards.look import Json
from dcov.dashboards.panel import SOURCE, WIDTH, Panel


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Panels below a heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """What the reader chooses at the top of the page: one value of a label of this selector."""

    name: str
    title: str
    selector: str

    def json(self) -> Json:
        """Give it as Grafana has it."""
        query = f"label_values({self.selector}, {self.name})"
        return {
            "current": {},
            "datasource": SOURCE,
            "definition": query,
            "hide": 0,
            "includeAll": False,
            "label": self.title,
            "multi": False,
            "name": self.name,
            "options": [],
            "query": {"qryType": 1, "query": query, "refId": "variable"},
            "refresh": 2,  # when the time range changes, so that a new server is found
            "regex": "",
            "skipUrlSync": False,
            "sort": 1,
            "type": "query",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A way to another dashboard, in the top line; the time range goes along."""

    title: str
    uid: str

    def json(self) -> Json:
        """Give it as Grafana has it."""
        return {
            "asDropdown": False,
            "icon": "dashboard",
            "includeVars": False,
            "keepTime": True,
            "tags": [],
            "targetBlank": False,
            "title": self.title,
            "tooltip": "",
            "type": "link",
            "url": f"/d/{self.uid}",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A dashboard; `uid` is what links and the home page know it by."""

    name: str
    uid: str
    title: str
    description: str
    sections: tuple[Section, ...]
    variables: tuple[Variable, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def file(self) -> str:
        """The file that holds it."""
        return f"{self.name}.json"

    def text(self) -> str:
        """Give the content of the file."""
        return json.dumps(self.json(), indent=1, ensure_ascii=False) + "\n"

    def json(self) -> Json:
        """Give it as Grafana has it."""
        return {
            "annotations": {"list": []},
            "description": self.description,
            "editable": True,
            "fiscalYearStartMonth": 0,
            "graphTooltip": 1,  # one crosshair for all panels
            "id": None,
            "links": [link.json() for link in self.links],
            "panels": list(_numbered(_placed(self.sections))),
            "refresh": "30s",
            "schemaVersion": 39,
            "tags": ["dcov"],
            "templating": {"list": [variable.json() for variable in self.variables]},
            "time": {"from": "now-6h", "to": "now"},
            "timepicker": {},
            "timezone": "browser",
            "title": self.title,
            "uid": self.uid,
        }


def _placed(sections: Iterable[Section]) -> Iterator[Json]:
    """Set panels from left to right; a line is as high as the highest panel in it."""
    top = 0
    for section in sections:
        place = {"h": 1, "w": WIDTH, "x": 0, "y": top}
        head: Json = {"type": "row", "title": section.title, "collapsed": False, "panels": []}
        yield head | {"gridPos": place}
        top, left, high = top + 1, 0, 0
        for panel in section.panels:
            if left + panel.width > WIDTH:
                top, left, high = top + high, 0, 0
            place = {"h": panel.height, "w": panel.width, "x": left, "y": top}
            head = {"title": panel.title, "description": panel.description, "datasource": SOURCE}
            yield head | panel.json() | {"gridPos": place}
            left, high = left + panel.width, max(high, panel.height)
        top += high


def _numbered(panels: Iterable[Json]) -> Iterator[Json]:
    for number, panel in enumerate(panels, start=1):
        yield {"id": number} | panel
