"""Dashboards, as the store keeps them."""

from __future__ import annotations

from typing import Any

from .errors import Refused
from .folders import checked_uid, now, slug
from .store import Store, Thing


class Dashboards:
    """https://grafana.com/docs/grafana/latest/developers/http_api/dashboard/."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, uid: str) -> Thing:
        found = self._store.get("dashboard", uid)
        if found is None:
            raise Refused(404, "Dashboard not found")
        model = {**found["model"], "id": found["id"], "uid": uid, "version": found["version"]}
        folder = self._store.get("folder", found["folderUid"])
        return {
            "dashboard": model,
            "meta": {
                "type": "db",
                "slug": slug(model["title"]),
                "url": self._url(found),
                "folderUid": found["folderUid"],
                "folderTitle": folder["title"] if folder else "General",
                "version": found["version"],
                "created": found["created"],
                "createdBy": found["createdBy"],
                "updated": found["updated"],
                "updatedBy": found["updatedBy"],
                "provisioned": bool(found["provisioner"]),
                "provisionedExternalId": found["external"],
            },
        }

    def save(self, body: dict[str, Any], *, by: str) -> Thing:
        """Create or update, or say why not: 400, 404 or 412."""
        model = body.get("dashboard")
        if not isinstance(model, dict):
            raise Refused(400, "bad request data")
        if not model.get("title"):
            raise Refused(400, "Dashboard title cannot be empty", status="empty-name")
        uid = checked_uid(model.get("uid") or self._uid_of(model.get("id")))
        folder = body.get("folderUid") or ""
        if folder and self._store.get("folder", folder) is None:
            raise Refused(400, "folder not found")
        former = self._store.get("dashboard", uid)
        if former is None and model.get("id"):
            raise Refused(404, "Dashboard not found", status="not-found")
        if former is not None:
            self._may_replace(former, model, overwrite=bool(body.get("overwrite")))
        saved = self.write(uid, model, folder=folder, by=by, message=str(body.get("message") or ""))
        return {
            "id": saved["id"],
            "uid": uid,
            "url": self._url(saved),
            "status": "success",
            "version": saved["version"],
            "slug": slug(model["title"]),
            "folderUid": folder,
        }

    def _uid_of(self, number: object) -> str:
        return next(
            (item["uid"] for item in self._store.all("dashboard") if item["id"] == number), ""
        )

    def _may_replace(self, former: Thing, model: dict[str, Any], *, overwrite: bool) -> None:
        if former["provisioner"] and not former["editable"]:
            raise Refused(400, "Cannot save provisioned dashboard")
        if overwrite:
            return
        if not model.get("id"):
            raise Refused(412, "A dashboard with the same uid already exists", status="name-exists")
        if model.get("version") != former["version"]:
            raise Refused(
                412,
                "The dashboard has been changed by someone else",
                status="version-mismatch",
            )

    def write(
        self,
        uid: str,
        model: dict[str, Any],
        *,
        folder: str,
        by: str,
        message: str = "",
        provisioner: str = "",
        external: str = "",
        editable: bool = True,
        checksum: str = "",
    ) -> Thing:
        """Write it, with a version for its history."""
        former = self._store.get("dashboard", uid)
        version = former["version"] + 1 if former else 1
        saved = self._store.put(
            "dashboard",
            uid,
            {
                "uid": uid,
                "model": {k: v for k, v in model.items() if k not in ("id", "uid", "version")},
                "version": version,
                "folderUid": folder,
                "created": former["created"] if former else now(),
                "createdBy": former["createdBy"] if former else by,
                "updated": now(),
                "updatedBy": by,
                "provisioner": provisioner,
                "external": external,
                "editable": editable,
                "checksum": checksum,
            },
        )
        history = {"uid": uid, "version": version, "message": message, "createdBy": by}
        self._store.put("version", f"{uid}/{version}", {**history, "created": now()})
        return saved

    def versions(self, uid: str) -> list[Thing]:
        """Newest first.

        https://grafana.com/docs/grafana/latest/developers/http_api/dashboard_versions/
        """
        number = self.get(uid)["dashboard"]["id"]
        found = [item for item in self._store.all("version") if item["uid"] == uid]
        return [
            {**item, "dashboardId": number, "parentVersion": item["version"] - 1}
            for item in sorted(found, key=lambda item: -int(item["version"]))
        ]

    def delete(self, uid: str) -> Thing:
        found = self.get(uid)
        if found["meta"]["provisioned"]:
            raise Refused(400, "provisioned dashboard cannot be deleted")
        self._store.delete("dashboard", uid)
        for item in self._store.all("version"):
            if item["uid"] == uid:
                self._store.delete("version", f"{uid}/{item['version']}")
        title = found["dashboard"]["title"]
        return {"title": title, "message": f"Dashboard {title} deleted", "uid": uid}

    def search(self, query: dict[str, list[str]]) -> list[Thing]:
        """https://grafana.com/docs/grafana/latest/developers/http_api/folder_dashboard_search/."""
        text = (query.get("query") or [""])[0].lower()
        uids, kinds = query.get("dashboardUIDs"), query.get("type")
        inside, tags = query.get("folderUIDs"), set(query.get("tag") or ())
        folders = {item["uid"]: item for item in self._store.all("folder")}
        hits = [
            {
                "id": item["id"],
                "uid": uid,
                "title": item["title"],
                "uri": f"db/{slug(item['title'])}",
                "url": f"/dashboards/f/{uid}/{slug(item['title'])}",
                "type": "dash-folder",
                "tags": [],
                "isStarred": False,
            }
            for uid, item in folders.items()
            if not uids and not inside and not tags
        ]
        for item in self._store.all("dashboard"):
            folder = folders.get(item["folderUid"])
            if (uids and item["uid"] not in uids) or (inside and item["folderUid"] not in inside):
                continue
            if tags - set(item["model"].get("tags") or ()):
                continue
            hit = {
                "id": item["id"],
                "uid": item["uid"],
                "title": item["model"]["title"],
                "uri": f"db/{slug(item['model']['title'])}",
                "url": self._url(item),
                "type": "dash-db",
                "tags": item["model"].get("tags") or [],
                "isStarred": False,
            }
            if folder:
                hit |= {"folderUid": folder["uid"], "folderTitle": folder["title"]}
            hits.append(hit)
        wanted = [hit for hit in hits if not kinds or hit["type"] in kinds]
        return sorted(
            (hit for hit in wanted if text in str(hit["title"]).lower()),
            key=lambda hit: (hit["type"] != "dash-folder", hit["title"]),
        )

    def _url(self, found: Thing) -> str:
        return f"/d/{found['uid']}/{slug(found['model']['title'])}"
