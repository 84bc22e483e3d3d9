"""Data sources, and the way through them to what they ask."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from .errors import Refused
from .folders import checked_uid
from .store import Store, Thing

FORWARDED_WITHIN = 30.0
PLAIN = ("access", "url", "user", "database", "basicAuth", "basicAuthUser", "withCredentials")


class DataSources:
    """https://grafana.com/docs/grafana/latest/developers/http_api/data_source/."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> list[Thing]:
        return [_shown(item) for item in self._store.all("datasource")]

    def get(self, uid: str) -> Thing:
        return _shown(self._get(uid))

    def _get(self, uid: str) -> Thing:
        found = self._store.get("datasource", uid)
        if found is None:
            raise Refused(404, "Data source not found")
        return found

    def create(self, body: dict[str, Any]) -> Thing:
        for key in ("name", "type", "access"):
            if not body.get(key):
                raise Refused(400, "bad request data")
        uid = checked_uid(body.get("uid") or "")
        if self._store.get("datasource", uid) is not None:
            raise Refused(409, "data source with the same uid already exists")
        self._refuse_twin(body["name"], uid=uid)
        made = self.write(uid, body, read_only=False)
        return self._answer(made, "Datasource added")

    def update(self, uid: str, body: dict[str, Any]) -> Thing:
        former = self._get(uid)
        if former["readOnly"]:
            raise Refused(403, "Cannot update read-only data source")
        if body.get("version") not in (None, former["version"]):
            raise Refused(
                409,
                "Datasource has already been updated by someone else. Please reload and try again",
            )
        self._refuse_twin(body.get("name") or former["name"], uid=uid)
        return self._answer(self.write(uid, body, read_only=False), "Datasource updated")

    def delete(self, uid: str) -> Thing:
        found = self._get(uid)
        if found["readOnly"]:
            raise Refused(403, "Cannot delete read-only data source")
        self._store.delete("datasource", uid)
        return {"message": "Data source deleted", "id": found["id"]}

    def _refuse_twin(self, name: str, *, uid: str) -> None:
        for item in self._store.all("datasource"):
            if item["name"] == name and item["uid"] != uid:
                raise Refused(409, "data source with the same name already exists")

    def write(self, uid: str, body: dict[str, Any], *, read_only: bool) -> Thing:
        """Write it; what of secureJsonData is not given stays as it was."""
        former = self._store.get("datasource", uid) or {}
        if body.get("isDefault"):
            for item in self._store.all("datasource"):
                if item["isDefault"] and item["uid"] != uid:
                    self._store.put("datasource", item["uid"], {**item, "isDefault": False})
        thing = {
            "uid": uid,
            "orgId": 1,
            "name": body.get("name") or former.get("name"),
            "type": body.get("type") or former.get("type"),
            "typeLogoUrl": "",
            **{key: body.get(key) or ("" if key != "basicAuth" else False) for key in PLAIN},
            "isDefault": bool(body.get("isDefault")),
            "jsonData": body.get("jsonData") or {},
            "secret": {**former.get("secret", {}), **(body.get("secureJsonData") or {})},
            "version": former.get("version", 0) + 1,
            "readOnly": read_only,
        }
        return self._store.put("datasource", uid, thing)

    def _answer(self, thing: Thing, message: str) -> Thing:
        shown = _shown(thing)
        return {"datasource": shown, "id": shown["id"], "message": message, "name": shown["name"]}

    def health(self, uid: str) -> Thing:
        """Ask the data source something; for Prometheus alone, as nothing else is met here."""
        found = self._get(uid)
        if found["type"] != "prometheus":
            raise Refused(404, "Plugin health check not implemented")
        status, _, _ = self.forward(uid, "api/v1/query", query="query=1%2B1", body=None)
        if status != 200:
            message = f"{status} - There was an error returned querying the Prometheus API."
            raise Refused(400, message, status="ERROR")
        return {"message": "Successfully queried the Prometheus API.", "status": "OK"}

    def forward(
        self, uid: str, path: str, *, query: str, body: bytes | None
    ) -> tuple[int, str, bytes]:
        """Pass a call on to the data source itself, and its answer back."""
        found = self._get(uid)
        url = found["url"].rstrip("/") + "/" + path + (f"?{query}" if query else "")
        request = urllib.request.Request(url, data=body)
        if body is not None:
            request.add_header("Content-Type", "application/x-www-form-urlencoded")
        try:
            with urllib.request.urlopen(request, timeout=FORWARDED_WITHIN) as answer:
                return answer.status, answer.headers.get_content_type(), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers.get_content_type(), error.read()
        except (OSError, ValueError):
            return 502, "application/json", b'{"message":"Bad Gateway"}'


def _shown(item: Thing) -> Thing:
    secret = item["secret"]
    shown = {key: value for key, value in item.items() if key != "secret"}
    return {**shown, "secureJsonFields": dict.fromkeys(secret, True)}
