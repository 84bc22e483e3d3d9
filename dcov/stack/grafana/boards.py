"""Dashboards as they are shipped, for the data source that a site has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dcov.clients.grafana import Dashboard, DataSource, Folder
from dcov.config.settings import Settings

FOLDER = Folder(uid="dcov-fleet", title="Fleet")
SHIPPED_UID = "prometheus"  # what the shipped dashboards name as their data source


def data_source(settings: Settings, *, url: str, is_default: bool = False) -> DataSource:
    """Return the data source of a site's dashboards, a Prometheus at this URL."""
    return DataSource(
        uid=settings.grafana.prometheus_datasource_uid or SHIPPED_UID,
        name="Prometheus",
        type="prometheus",
        url=url,
        is_default=is_default,
        json_data={"httpMethod": "POST", "prometheusType": "Prometheus", "timeInterval": "15s"},
    )


def adapted(shipped: Mapping[str, str], *, settings: Settings) -> dict[str, str]:
    """Return the dashboards' files, asking the data source of the site.

    Only what names the shipped data source is changed; others that a dashboard asks stay.
    """
    uid = settings.grafana.prometheus_datasource_uid or SHIPPED_UID
    if uid == SHIPPED_UID:
        return dict(shipped)
    return {
        name: json.dumps(_with(json.loads(text), uid=uid), indent=2) + "\n"
        for name, text in shipped.items()
    }


def boards(shipped: Mapping[str, str], *, settings: Settings) -> tuple[Dashboard, ...]:
    """Return the same as dashboards that can be saved."""
    files = adapted(shipped, settings=settings)
    return tuple(
        Dashboard.of(json.loads(text), folder_uid=FOLDER.uid) for _, text in sorted(files.items())
    )


def _with(value: Any, *, uid: str) -> Any:
    if isinstance(value, list):
        return [_with(item, uid=uid) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("uid") == SHIPPED_UID and value.get("type") == "prometheus":
        return {**value, "uid": uid}
    return {key: _with(item, uid=uid) for key, item in value.items()}
