"""Grafana's HTTP API, as far as dcov uses it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote as in_url

from dcov.clients.closing import Closing
from dcov.clients.grafana.values import (
    REDACTED,
    ContactPoint,
    Dashboard,
    DataSource,
    Folder,
    Hit,
)
from dcov.errors import (
    GrafanaError,
    GrafanaLoginError,
    GrafanaRefusedError,
    GrafanaSilentError,
)
from dcov.secret import Secret

if TYPE_CHECKING:
    import requests

WITHIN = 15.0
POINTS = "v1/provisioning/contact-points"
# Otherwise nobody could change in Grafana what was made by this API.
EDITABLE = {"X-Disable-Provenance": "true"}


class Grafana(Closing):
    """A Grafana at a URL, `/grafana` and the like included, by basic auth."""

    def __init__(
        self,
        http: requests.Session,
        *,
        url: str,
        user: str = "admin",
        password: Secret,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(http.close, on_close)
        self._http = http
        self._user = user
        self._password = password
        self.url = url.rstrip("/")

    def version(self) -> str:
        """Return the server's version; needs no login."""
        version: str = self._ask("GET", "health")["version"]
        return version

    def login(self) -> str:
        """Return the name of the user that it takes us for."""
        name: str = self._ask("GET", "user")["login"]
        return name

    def data_sources(self) -> tuple[DataSource, ...]:
        """Return all data sources."""
        return tuple(map(DataSource.read, self._ask("GET", "datasources")))

    def data_source(self, uid: str) -> DataSource | None:
        """Return one data source."""
        found = self._find(f"datasources/uid/{_part(uid)}")
        return None if found is None else DataSource.read(found)

    def create_data_source(self, source: DataSource) -> None:
        """Make a data source."""
        self._ask("POST", "datasources", body=source.body())

    def update_data_source(self, source: DataSource) -> None:
        """Replace the data source of this uid; passwords that it holds stay."""
        self._ask("PUT", f"datasources/uid/{_part(source.uid)}", body=source.body())

    def delete_data_source(self, uid: str) -> None:
        """Delete a data source; nothing happens where there is none."""
        self._drop(f"datasources/uid/{_part(uid)}")

    def check_data_source(self, uid: str) -> None:
        """Have Grafana ask the data source something; raises GrafanaError in its words."""
        self._ask("GET", f"datasources/uid/{_part(uid)}/health")

    def query(self, expression: str, *, data_source: str = "prometheus") -> list[dict[str, Any]]:
        """Return the result of an instant query that Grafana passes on to a Prometheus."""
        path = f"datasources/proxy/uid/{_part(data_source)}/api/v1/query"
        found: list[dict[str, Any]] = self._ask("GET", path, params={"query": expression})["data"][
            "result"
        ]
        return found

    def folders(self) -> tuple[Folder, ...]:
        """Return the folders at the root."""
        return tuple(map(Folder.read, self._ask("GET", "folders")))

    def folder(self, uid: str) -> Folder | None:
        """Return one folder."""
        found = self._find(f"folders/{_part(uid)}")
        return None if found is None else Folder.read(found)

    def create_folder(self, folder: Folder) -> None:
        """Make a folder at the root."""
        self._ask("POST", "folders", body={"uid": folder.uid, "title": folder.title})

    def rename_folder(self, folder: Folder) -> None:
        """Give the folder of this uid this title."""
        body = {"title": folder.title, "overwrite": True}
        self._ask("PUT", f"folders/{_part(folder.uid)}", body=body)

    def delete_folder(self, uid: str) -> None:
        """Delete a folder that is empty; one with dashboards in it is left."""
        if not self.search(folder_uid=uid):
            self._drop(f"folders/{_part(uid)}")

    def search(self, text: str = "", *, folder_uid: str | None = None) -> tuple[Hit, ...]:
        """Return the folders and dashboards whose titles have this text in them."""
        query = {"query": text, "limit": "5000"}
        query |= {} if folder_uid is None else {"folderUIDs": folder_uid, "type": "dash-db"}
        return tuple(
            Hit(
                uid=item["uid"],
                title=item["title"],
                is_folder=item["type"] == "dash-folder",
                folder_uid=item.get("folderUid") or "",
            )
            for item in self._ask("GET", "search", params=query)
        )

    def dashboard(self, uid: str) -> Dashboard | None:
        """Return one dashboard."""
        found = self._find(f"dashboards/uid/{_part(uid)}")
        return None if found is None else Dashboard.read(found)

    def last_message(self, uid: str) -> str:
        """Return what was said of the newest version of a dashboard."""
        found = self._ask("GET", f"dashboards/uid/{_part(uid)}/versions", params={"limit": "1"})
        # Since Grafana 11 the list is wrapped.
        versions = found["versions"] if isinstance(found, dict) else found
        return str(versions[0].get("message") or "") if versions else ""

    def save_dashboard(self, dashboard: Dashboard, *, message: str = "") -> None:
        """Make a dashboard, or replace the one of this uid."""
        body = {
            "dashboard": {**dashboard.model, "id": None},
            "folderUid": dashboard.folder_uid,
            "message": message,
            "overwrite": True,
        }
        self._ask("POST", "dashboards/db", body=body)

    def delete_dashboard(self, uid: str) -> None:
        """Delete a dashboard; nothing happens where there is none."""
        self._drop(f"dashboards/uid/{_part(uid)}")

    def contact_points(self) -> tuple[ContactPoint, ...]:
        """Return all contact points, their secrets redacted."""
        return tuple(map(ContactPoint.read, self._ask("GET", POINTS)))

    def with_secrets(self, point: ContactPoint) -> ContactPoint:
        """Return a contact point that was read, with what Grafana has redacted in it."""
        path, params = f"{POINTS}/export", {"decrypt": "true", "format": "json"}
        groups = self._ask("GET", path, params=params).get("contactPoints") or ()
        receivers = (item for group in groups for item in group["receivers"])
        known = {item["uid"]: item["settings"] for item in receivers}.get(point.uid, {})
        settings = {
            key: Secret(str(known[key])) if value == REDACTED and key in known else value
            for key, value in point.settings.items()
        }
        return replace(point, settings=settings)

    def create_contact_point(self, point: ContactPoint) -> None:
        """Make a contact point that can be changed in Grafana, too."""
        self._ask("POST", POINTS, body=_point(point), headers=EDITABLE)

    def update_contact_point(self, point: ContactPoint) -> None:
        """Replace the contact point of this uid; what is `[REDACTED]` in it stays."""
        path = f"{POINTS}/{_part(point.uid)}"
        self._ask("PUT", path, body=_point(point), headers=EDITABLE)

    def delete_contact_point(self, uid: str) -> None:
        """Delete a contact point; nothing happens where there is none."""
        self._drop(f"{POINTS}/{_part(uid)}")

    def home(self) -> str:
        """Return the uid of the organisation's first dashboard, empty for Grafana's own."""
        return str(self._ask("GET", "org/preferences").get("homeDashboardUID") or "")

    def set_home(self, uid: str) -> None:
        """Make this dashboard the first one; the other preferences stay."""
        self._ask("PATCH", "org/preferences", body={"homeDashboardUID": uid})

    def reload(self, kind: str) -> None:
        """Have Grafana read its provisioning files anew: `dashboards`, `datasources`, `alerting`.

        Returns once what is in them has been stored.
        """
        self._ask("POST", f"admin/provisioning/{kind}/reload")

    def _find(self, path: str) -> Any | None:
        try:
            return self._ask("GET", path)
        except GrafanaRefusedError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def _drop(self, path: str) -> None:
        try:
            self._ask("DELETE", path)
        except GrafanaRefusedError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    def _ask(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        import requests.auth

        secret = self._password.reveal().encode()
        try:
            answer = self._http.request(
                method,
                f"{self.url}/api/{path}",
                params=params,
                json=body,
                headers=headers,
                auth=requests.auth.HTTPBasicAuth(self._user.encode(), secret),
                timeout=WITHIN,
                allow_redirects=False,
            )
        except (requests.RequestException, OSError) as error:
            raise GrafanaSilentError(url=self.url, detail=str(error)) from error
        return self._read(answer)

    def _read(self, answer: requests.Response) -> Any:
        status = answer.status_code
        try:
            said = answer.json() if answer.content else {}
        except ValueError:
            said = None
        if answer.is_redirect:
            detail = f"it sends us to {answer.headers.get('Location', '')}"
            raise GrafanaError(url=self.url, detail=detail)
        message = str(said.get("message") or "") if isinstance(said, dict) else ""
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            if status == HTTPStatus.FORBIDDEN and "permissions" not in message:
                raise GrafanaRefusedError(url=self.url, status=status, detail=message)
            raise GrafanaLoginError(url=self.url, user=self._user, detail=message)
        if status >= HTTPStatus.BAD_REQUEST:
            detail = message or answer.reason
            raise GrafanaRefusedError(url=self.url, status=status, detail=detail)
        if said is None:
            raise GrafanaError(url=self.url, detail="it does not answer in JSON")
        return said


def _point(point: ContactPoint) -> dict[str, Any]:
    return {
        "uid": point.uid,
        "name": point.name,
        "type": point.type,
        "settings": {
            key: value.reveal() if isinstance(value, Secret) else value
            for key, value in point.settings.items()
        },
        "disableResolveMessage": point.disable_resolve_message,
    }


def _part(text: str) -> str:
    """Quote a uid for a path: it may come from a file of somebody else."""
    return in_url(text, safe="")
