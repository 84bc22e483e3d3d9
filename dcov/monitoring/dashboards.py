"""The dashboards that Grafana is given."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType


def dashboards() -> Mapping[str, str]:
    """Return the shipped dashboards: each one's file name and JSON.

    They ask the data source whose uid is `prometheus`. `dc-overview-main` is the uid of the one
    that is meant as the home page.
    """
    folder = files("dcov") / "dashboards"
    found = sorted((item.name, item) for item in folder.iterdir() if item.name.endswith(".json"))
    return MappingProxyType({name: item.read_text(encoding="utf-8") for name, item in found})
