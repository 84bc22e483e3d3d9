"""The HTTP API, as far as dcov asks it: one method for each endpoint."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .contact_points import ContactPoints
from .dashboards import Dashboards
from .data_sources import DataSources
from .errors import Refused, denied
from .folders import Folders
from .login import Person
from .provisioning import Provisioning, ProvisioningError
from .store import Store

VERSION = "11.6.0"
NO_PREFERENCES = {"theme": "", "homeDashboardUID": "", "timezone": "", "weekStart": ""}


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked; `person` is logged in."""

    method: str
    path: str
    query: dict[str, list[str]]
    raw_query: str
    body: bytes
    person: Person
    header: Callable[[str], str | None]

    def json(self) -> dict[str, Any]:
        try:
            found = json.loads(self.body or b"{}")
        except ValueError:
            raise Refused(400, "bad request data") from None
        if not isinstance(found, dict):
            raise Refused(400, "bad request data")
        return found


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is sent back; `content` wins over `body`."""

    body: Any = None
    status: int = 200
    content: bytes | None = None
    content_type: str = "application/json; charset=UTF-8"


Endpoint = Callable[..., Any]


@dataclass(kw_only=True)
class Api:
    """Routes to endpoints, each with the role that it needs."""

    store: Store
    provisioning: Provisioning
    routes: list[tuple[str, re.Pattern[str], str, Endpoint]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folders = Folders(self.store)
        self.dashboards = Dashboards(self.store)
        self.sources = DataSources(self.store)
        self.points = ContactPoints(self.store)
        viewer, editor, admin = "Viewer", "Editor", "Admin"
        for method, path, role, endpoint in (
            ("GET", "/api/user", "None", self.user),
            ("GET", "/api/org", viewer, self.org),
            ("GET", "/api/org/preferences", admin, self.get_preferences),
            ("PUT", "/api/org/preferences", admin, self.put_preferences),
            ("PATCH", "/api/org/preferences", admin, self.patch_preferences),
            ("GET", "/api/datasources", admin, self.get_data_sources),
            ("POST", "/api/datasources", admin, self.post_data_source),
            ("GET", "/api/datasources/uid/:x", admin, self.get_data_source),
            ("PUT", "/api/datasources/uid/:x", admin, self.put_data_source),
            ("DELETE", "/api/datasources/uid/:x", admin, self.delete_data_source),
            ("GET", "/api/datasources/uid/:x/health", viewer, self.data_source_health),
            ("GET", "/api/datasources/proxy/uid/:x/*", viewer, self.proxy),
            ("POST", "/api/datasources/proxy/uid/:x/*", viewer, self.proxy),
            ("GET", "/api/folders", viewer, self.get_folders),
            ("POST", "/api/folders", editor, self.post_folder),
            ("GET", "/api/folders/:x", viewer, self.get_folder),
            ("PUT", "/api/folders/:x", editor, self.put_folder),
            ("DELETE", "/api/folders/:x", editor, self.delete_folder),
            ("GET", "/api/search", viewer, self.search),
            ("GET", "/api/dashboards/home", viewer, self.home),
            ("POST", "/api/dashboards/db", editor, self.save_dashboard),
            ("GET", "/api/dashboards/uid/:x", viewer, self.get_dashboard),
            ("DELETE", "/api/dashboards/uid/:x", editor, self.delete_dashboard),
            ("GET", "/api/dashboards/uid/:x/versions", editor, self.get_versions),
            ("GET", "/api/v1/provisioning/contact-points", admin, self.get_points),
            ("GET", "/api/v1/provisioning/contact-points/export", admin, self.export_points),
            ("POST", "/api/v1/provisioning/contact-points", admin, self.post_point),
            ("PUT", "/api/v1/provisioning/contact-points/:x", admin, self.put_point),
            ("DELETE", "/api/v1/provisioning/contact-points/:x", admin, self.delete_point),
            ("POST", "/api/admin/provisioning/:x/reload", admin, self.reload),
        ):
            pattern = path.replace(":x", "([^/]+)").replace("*", "(.*)")
            self.routes.append((method, re.compile(pattern), role, endpoint))

    def answer(self, request: Request) -> Answer:
        """Find the endpoint, see whether the person may, and ask it."""
        path = request.path.rstrip("/") or "/"
        for method, pattern, role, endpoint in self.routes:
            match = pattern.fullmatch(path)
            if match and method == request.method:
                if not request.person.at_least(role):
                    raise denied(path.removeprefix("/api/").replace("/", ":"))
                found = endpoint(request, *match.groups())
                return found if isinstance(found, Answer) else Answer(body=found)
        raise Refused(404, "Not found")

    def user(self, request: Request) -> Any:
        """https://grafana.com/docs/grafana/latest/developers/http_api/user/ (actual user)."""
        who = request.person
        return {
            "id": who.id,
            "login": who.login,
            "name": who.login,
            "email": who.login,
            "orgId": 1,
            "isGrafanaAdmin": who.server_admin,
            "isDisabled": False,
            "isExternal": not who.by_password,
            "authLabels": [] if who.by_password else ["Auth Proxy"],
        }

    def org(self, request: Request) -> Any:
        """https://grafana.com/docs/grafana/latest/developers/http_api/org/ (current)."""
        del request
        return {"id": 1, "name": "Main Org."}

    def get_preferences(self, request: Request) -> Any:
        """https://grafana.com/docs/grafana/latest/developers/http_api/preferences/."""
        del request
        found = self.store.get("preferences", "org") or {}
        return {key: value for key, value in found.items() if key != "id"}

    def put_preferences(self, request: Request) -> Any:
        """As above: what is omitted falls back to the default."""
        return self._prefer({**NO_PREFERENCES, **request.json()})

    def patch_preferences(self, request: Request) -> Any:
        """As above: what is omitted stays."""
        former = self.store.get("preferences", "org") or NO_PREFERENCES
        return self._prefer({**former, **request.json()})

    def _prefer(self, wanted: dict[str, Any]) -> Any:
        home = wanted.get("homeDashboardUID")
        if home and self.store.get("dashboard", home) is None:
            raise Refused(404, "Dashboard not found")
        self.store.put("preferences", "org", wanted)
        return {"message": "Preferences updated"}

    def get_data_sources(self, request: Request) -> Any:
        """https://grafana.com/docs/grafana/latest/developers/http_api/data_source/."""
        del request
        return self.sources.all()

    def get_data_source(self, request: Request, uid: str) -> Any:
        """As above, by uid."""
        del request
        return self.sources.get(uid)

    def post_data_source(self, request: Request) -> Any:
        """As above, create."""
        return self.sources.create(request.json())

    def put_data_source(self, request: Request, uid: str) -> Any:
        """As above, update by uid."""
        return self.sources.update(uid, request.json())

    def delete_data_source(self, request: Request, uid: str) -> Any:
        """As above, delete by uid."""
        del request
        return self.sources.delete(uid)

    def data_source_health(self, request: Request, uid: str) -> Any:
        """As above, check data source health."""
        del request
        return self.sources.health(uid)

    def proxy(self, request: Request, uid: str, path: str) -> Answer:
        """As above, data source proxy calls: really forwarded."""
        body = request.body if request.method == "POST" else None
        status, kind, content = self.sources.forward(uid, path, query=request.raw_query, body=body)
        return Answer(status=status, content=content, content_type=kind)

    def get_folders(self, request: Request) -> Any:
        """https://grafana.com/docs/grafana/latest/developers/http_api/folder/."""
        del request
        return self.folders.all()

    def get_folder(self, request: Request, uid: str) -> Any:
        """As above, by uid."""
        del request
        return self.folders.get(uid)

    def post_folder(self, request: Request) -> Any:
        """As above, create."""
        body = request.json()
        return self.folders.create(
            uid=body.get("uid") or "", title=body.get("title") or "", by=request.person.login
        )

    def put_folder(self, request: Request, uid: str) -> Any:
        """As above, update."""
        return self.folders.update(uid, request.json(), by=request.person.login)

    def delete_folder(self, request: Request, uid: str) -> Any:
        """As above, delete."""
        del request
        return self.folders.delete(uid)

    def search(self, request: Request) -> Any:
        """https://grafana.com/docs/grafana/latest/developers/http_api/folder_dashboard_search/."""
        return self.dashboards.search(request.query)

    def home(self, request: Request) -> Any:
        """https://grafana.com/docs/grafana/latest/developers/http_api/dashboard/ (home)."""
        del request
        home = (self.store.get("preferences", "org") or {}).get("homeDashboardUID")
        if home:
            return {"redirectUri": self.dashboards.get(home)["meta"]["url"]}
        return {"dashboard": {"title": "Home"}, "meta": {"isHome": True, "canSave": False}}

    def save_dashboard(self, request: Request) -> Any:
        """As above, create / update."""
        return self.dashboards.save(request.json(), by=request.person.login)

    def get_dashboard(self, request: Request, uid: str) -> Any:
        """As above, by uid."""
        del request
        return self.dashboards.get(uid)

    def delete_dashboard(self, request: Request, uid: str) -> Any:
        """As above, delete by uid."""
        del request
        return self.dashboards.delete(uid)

    def get_versions(self, request: Request, uid: str) -> Any:
        """https://grafana.com/docs/grafana/latest/developers/http_api/dashboard_versions/."""
        limit = int((request.query.get("limit") or ["1000"])[0])
        return {"continueToken": "", "versions": self.dashboards.versions(uid)[:limit]}

    def get_points(self, request: Request) -> Any:
        """https://grafana.com/docs/grafana/latest/developers/http_api/alerting_provisioning/."""
        names = request.query.get("name")
        return self.points.all(name=names[0] if names else None)

    def export_points(self, request: Request) -> Any:
        """As above, export all contact points; in JSON alone."""
        decrypt = (request.query.get("decrypt") or ["false"])[0] == "true"
        return {"apiVersion": 1, "contactPoints": self.points.export(decrypt=decrypt)}

    def post_point(self, request: Request) -> Any:
        """As above, create a contact point: 202."""
        return Answer(
            status=202,
            body=self.points.create(request.json(), provenance=_provenance(request)),
        )

    def put_point(self, request: Request, uid: str) -> Any:
        """As above, update a contact point: 202."""
        made = self.points.update(uid, request.json(), provenance=_provenance(request))
        return Answer(status=202, body=made)

    def delete_point(self, request: Request, uid: str) -> Any:
        """As above, delete a contact point: 202 (the page says 204)."""
        del request
        return Answer(status=202, body=self.points.delete(uid))

    def reload(self, request: Request, what: str) -> Any:
        """https://grafana.com/docs/grafana/latest/developers/http_api/admin/ (reload provisioning).

        Only with basic auth.
        """
        if not request.person.server_admin or not request.person.by_password:
            raise denied("provisioning:reload")
        reloads = {
            "dashboards": ("Dashboards", self.provisioning.dashboards),
            "datasources": ("Datasources", self.provisioning.data_sources),
            "alerting": ("Alerting", self.provisioning.contact_points),
        }
        if what not in reloads:
            raise Refused(404, "Not found")
        name, work = reloads[what]
        try:
            work()
        except ProvisioningError as error:
            raise Refused(500, "", error=str(error)) from error
        return {"message": f"{name} config reloaded"}


def _provenance(request: Request) -> str:
    return "" if request.header("X-Disable-Provenance") else "api"
