"""Folders, and what they share with dashboards: uids, slugs and times."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from typing import Any

from .errors import Refused
from .store import Store, Thing

LONGEST_UID = 40


def now() -> str:
    return datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def new_uid() -> str:
    return secrets.token_hex(7)


def slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "untitled"


def checked_uid(uid: str) -> str:
    if len(uid) > LONGEST_UID:
        raise Refused(400, "uid too long, max 40 characters")
    if not re.fullmatch(r"[a-zA-Z0-9_-]*", uid):
        raise Refused(400, "uid contains illegal characters")
    return uid or new_uid()


class Folders:
    """https://grafana.com/docs/grafana/latest/developers/http_api/folder/."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> list[Thing]:
        return [
            {key: item[key] for key in ("id", "uid", "title")} for item in self._store.all("folder")
        ]

    def get(self, uid: str) -> Thing:
        found = self._store.get("folder", uid)
        if found is None:
            raise Refused(404, "folder not found", status="not-found")
        return {**found, "url": f"/dashboards/f/{uid}/{slug(found['title'])}", "hasAcl": False}

    def create(self, *, uid: str, title: str, by: str) -> Thing:
        if not title:
            raise Refused(400, "folder title cannot be empty")
        uid = checked_uid(uid)
        if self._store.get("folder", uid) is not None:
            raise Refused(409, "a folder with the same uid already exists")
        if any(item["title"].lower() == title.lower() for item in self._store.all("folder")):
            raise Refused(409, "a folder with the same name already exists in the current location")
        made = {"createdBy": by, "created": now(), "updatedBy": by, "updated": now()}
        self._store.put("folder", uid, {"uid": uid, "title": title, "version": 1, **made})
        return self.get(uid)

    def update(self, uid: str, body: dict[str, Any], *, by: str) -> Thing:
        found = self.get(uid)
        if not body.get("overwrite") and body.get("version") != found["version"]:
            raise Refused(
                412, "the folder has been changed by someone else", status="version-mismatch"
            )
        changed = {
            **found,
            "title": body.get("title") or found["title"],
            "version": found["version"] + 1,
            "updatedBy": by,
            "updated": now(),
        }
        self._store.put("folder", uid, changed)
        return self.get(uid)

    def delete(self, uid: str) -> Thing:
        found = self.get(uid)
        for dashboard in self._store.all("dashboard"):
            if dashboard["folderUid"] == uid:
                self._store.delete("dashboard", dashboard["uid"])
        self._store.delete("folder", uid)
        return {"message": "Folder deleted", "id": found["id"], "title": found["title"]}
