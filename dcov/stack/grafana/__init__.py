"""The stack's Grafana: its variables and files, and what any Grafana is to have."""

from __future__ import annotations

from dcov.clients.grafana import (
    ContactPoint,
    Dashboard,
    DataSource,
    Folder,
    Grafana,
    admin_password,
)
from dcov.stack.grafana.asked import (
    Answering,
    Imported,
    ask_grafana,
    password,
    require_data_source,
)
from dcov.stack.grafana.behind_api import (
    GrafanaContactPoint,
    GrafanaDashboard,
    GrafanaDataSource,
    GrafanaFolder,
    GrafanaHome,
)
from dcov.stack.grafana.boards import FOLDER, boards, data_source
from dcov.stack.grafana.contact_points import read_contact_points, secrets_of
from dcov.stack.grafana.environment import grafana_environment
from dcov.stack.grafana.provisioned import (
    PLACE,
    PROMETHEUS_URL,
    board_files,
    files,
    listing,
    provisioning,
    superseded,
    url,
)

__all__ = [
    "FOLDER",
    "PLACE",
    "PROMETHEUS_URL",
    "Answering",
    "ContactPoint",
    "Dashboard",
    "DataSource",
    "Folder",
    "Grafana",
    "GrafanaContactPoint",
    "GrafanaDashboard",
    "GrafanaDataSource",
    "GrafanaFolder",
    "GrafanaHome",
    "Imported",
    "admin_password",
    "ask_grafana",
    "board_files",
    "boards",
    "data_source",
    "files",
    "grafana_environment",
    "listing",
    "password",
    "provisioning",
    "read_contact_points",
    "require_data_source",
    "secrets_of",
    "superseded",
    "url",
]
