"""Contact points of Grafana's alerting."""

from __future__ import annotations

from typing import Any

from .errors import Refused
from .folders import checked_uid
from .store import Store, Thing

REDACTED = "[REDACTED]"
# https://grafana.com/docs/grafana/latest/administration/provisioning/#supported-settings
SECRET = {
    "slack": ("url", "token"),
    "webhook": ("password", "authorization_credentials"),
    "discord": ("url",),
    "pagerduty": ("integrationKey",),
    "telegram": ("bottoken",),
    "opsgenie": ("apiKey",),
    "pushover": ("apiToken", "userKey"),
    "teams": (),
    "email": (),
    "googlechat": ("url",),
}
NEEDED = {"email": "addresses", "webhook": "url", "pagerduty": "integrationKey"}


class ContactPoints:
    """https://grafana.com/docs/grafana/latest/developers/http_api/alerting_provisioning/."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self, *, name: str | None = None) -> list[Thing]:
        found = self._store.all("contact-point")
        return [_shown(item) for item in found if name in (None, item["name"])]

    def export(self, *, decrypt: bool) -> list[Thing]:
        """Return them as a provisioning file has them, those of one name together."""
        groups: dict[str, Thing] = {}
        for item in self._store.all("contact-point"):
            group = groups.setdefault(
                item["name"], {"orgId": 1, "name": item["name"], "receivers": []}
            )
            shown = item if decrypt else _shown(item)
            keys = ("uid", "type", "settings", "disableResolveMessage")
            group["receivers"].append({key: shown[key] for key in keys})
        return list(groups.values())

    def create(self, body: dict[str, Any], *, provenance: str = "api") -> Thing:
        uid = checked_uid(body.get("uid") or "")
        if self._store.get("contact-point", uid) is not None:
            raise Refused(400, f"invalid object specification: UID '{uid}' is already used")
        return self.write(uid, body, provenance=provenance)

    def update(self, uid: str, body: dict[str, Any], *, provenance: str = "api") -> Thing:
        former = self._store.get("contact-point", uid)
        if former is None:
            raise Refused(404, "contact point not found")
        if former["provenance"] == "file":
            raise Refused(409, "cannot change provenance from 'file' to 'api'")
        settings = {
            key: former["settings"].get(key) if value == REDACTED else value
            for key, value in (body.get("settings") or {}).items()
        }
        self.write(uid, {**body, "settings": settings}, provenance=provenance)
        return {"message": "contactpoint updated"}

    def write(self, uid: str, body: dict[str, Any], *, provenance: str) -> Thing:
        kind, settings = body.get("type"), body.get("settings") or {}
        if not body.get("name"):
            raise Refused(400, "invalid object specification: missing name")
        if kind not in SECRET:
            raise Refused(400, f"invalid object specification: unknown contact type '{kind}'")
        if not settings.get(NEEDED.get(kind, ""), kind not in NEEDED):
            raise Refused(
                400, f"invalid object specification: could not find {NEEDED[kind]} in settings"
            )
        thing = {
            "uid": uid,
            "name": body["name"],
            "type": kind,
            "settings": settings,
            "disableResolveMessage": bool(body.get("disableResolveMessage")),
            "provenance": provenance,
        }
        return _shown(self._store.put("contact-point", uid, thing))

    def delete(self, uid: str) -> Thing:
        self._store.delete("contact-point", uid)
        return {"message": "contactpoint deleted"}


def _shown(item: Thing) -> Thing:
    hidden = SECRET.get(item["type"], ())
    settings = {
        key: REDACTED if key in hidden and value else value
        for key, value in item["settings"].items()
    }
    return {**{k: v for k, v in item.items() if k != "id"}, "settings": settings}
