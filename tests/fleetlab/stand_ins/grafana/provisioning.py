"""What Grafana reads from files.

https://grafana.com/docs/grafana/latest/administration/provisioning/
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from .contact_points import ContactPoints
from .dashboards import Dashboards
from .data_sources import DataSources
from .errors import Refused
from .folders import Folders, new_uid
from .store import Store

VARIABLE = re.compile(r"\$\$|\$\{(\w+)\}|\$(\w+)")


class ProvisioningError(Exception):
    """A file that Grafana would not take."""


def log(text: str) -> None:
    sys.stderr.write(f"grafana-stand-in: {text}\n")
    sys.stderr.flush()


class Provisioning:
    """Files into the store: all at the start and when told, dashboards by and by."""

    def __init__(self, folder: Path, *, store: Store, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._store = store
        self._environment = environment
        self._lock = threading.Lock()
        self._providers: list[dict[str, Any]] = []

    def start(self) -> None:
        """Take everything, and go on looking for dashboards."""
        self.data_sources()
        self.contact_points()
        self.dashboards()
        threading.Thread(target=self._poll, daemon=True).start()

    def data_sources(self) -> None:
        sources = DataSources(self._store)
        for file, content in self._files("datasources"):
            for item in _listed(content, "deleteDatasources", file=file):
                for found in self._store.all("datasource"):
                    if found["name"] == item.get("name"):
                        self._store.delete("datasource", found["uid"])
            for item in _listed(content, "datasources", file=file):
                if not item.get("name") or not item.get("type"):
                    raise ProvisioningError(f"{file}: a data source needs name and type")
                named = [x for x in self._store.all("datasource") if x["name"] == item["name"]]
                uid = item.get("uid") or (named[0]["uid"] if named else new_uid())
                if named and named[0]["uid"] != uid:
                    self._store.delete("datasource", named[0]["uid"])
                sources.write(uid, item, read_only=not item.get("editable"))

    def contact_points(self) -> None:
        points = ContactPoints(self._store)
        for file, content in self._files("alerting"):
            for item in _listed(content, "deleteContactPoints", file=file):
                self._store.delete("contact-point", str(item.get("uid")))
            for item in _listed(content, "contactPoints", file=file):
                for receiver in item.get("receivers") or ():
                    body = {**receiver, "name": item.get("name")}
                    try:
                        points.write(str(receiver["uid"]), body, provenance="file")
                    except (Refused, KeyError) as error:
                        raise ProvisioningError(f"{file}: {error}") from error

    def dashboards(self) -> None:
        """Read the providers anew, and then what each of them has."""
        with self._lock:
            self._providers = [
                {**item, "next": 0.0}
                for file, content in self._files("dashboards")
                for item in _listed(content, "providers", file=file)
            ]
            for provider in self._providers:
                if not provider.get("name") or not (provider.get("options") or {}).get("path"):
                    raise ProvisioningError("a provider of dashboards needs name and options.path")
            names = [provider["name"] for provider in self._providers]
            for name in {name for name in names if names.count(name) > 1}:
                raise ProvisioningError(f"dashboard name {name!r} is not unique")
        self._look(forced=True)

    def _poll(self) -> None:
        while True:
            time.sleep(0.2)
            try:
                self._look(forced=False)
            except (ProvisioningError, OSError) as error:
                log(f"dashboards: {error}")

    def _look(self, *, forced: bool) -> None:
        with self._lock:
            for provider in self._providers:
                if forced or time.monotonic() >= provider["next"]:
                    interval = provider.get("updateIntervalSeconds") or 10
                    provider["next"] = time.monotonic() + interval
                    self._read(provider)

    def _read(self, provider: dict[str, Any]) -> None:
        root = Path(provider["options"]["path"])
        if not root.is_dir():
            log(f"cannot read directory {root} of provider {provider['name']}")
            return
        boards = Dashboards(self._store)
        mine = {
            item["external"]: item
            for item in self._store.all("dashboard")
            if item["provisioner"] == provider["name"]
        }
        seen: set[str] = set()
        taken: set[str] = set()
        for path in sorted(root.rglob("*.json")):
            external = str(path.relative_to(root))
            try:
                content = path.read_bytes()
                model = json.loads(content)
                title = model["title"]
            except (OSError, ValueError, KeyError, TypeError) as error:
                log(f"failed to load dashboard from {path}: {error}")
                seen.add(external)  # a file that is being written does not delete its dashboard
                continue
            seen.add(external)
            former = mine.get(external)
            uid = model.get("uid") or (former["uid"] if former else new_uid())
            if uid in taken:
                log(f"the same UID {uid} is used more than once")
                continue
            taken.add(uid)
            checksum = hashlib.sha256(content).hexdigest()
            folder = self._folder_of(provider, path=path, root=root)
            if former and former["checksum"] == checksum and former["folderUid"] == folder:
                continue
            boards.write(
                uid,
                model,
                folder=folder,
                by="",
                provisioner=provider["name"],
                external=external,
                editable=bool(provider.get("allowUiUpdates")),
                checksum=checksum,
            )
            log(f"dashboard {title!r} from {path}")
        if not provider.get("disableDeletion"):
            for external, item in mine.items():
                if external not in seen:
                    self._store.delete("dashboard", item["uid"])

    def _folder_of(self, provider: dict[str, Any], *, path: Path, root: Path) -> str:
        title, uid = provider.get("folder") or "", provider.get("folderUid") or ""
        if provider["options"].get("foldersFromFilesStructure") and path.parent != root:
            title, uid = path.parent.name, ""
        if not title:
            return ""
        for item in self._store.all("folder"):
            if item["uid"] == uid or (not uid and item["title"] == title):
                found: str = item["uid"]
                return found
        made: str = Folders(self._store).create(uid=uid, title=title, by="")["uid"]
        return made

    def _files(self, kind: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        for path in sorted((self._folder / kind).glob("*.y*ml")):
            try:
                content = yaml.safe_load(path.read_text())
            except (OSError, yaml.YAMLError) as error:
                raise ProvisioningError(f"{path}: {error}") from error
            if content is None:
                continue
            if not isinstance(content, dict):
                raise ProvisioningError(f"{path}: not a mapping")
            yield path, self._expanded(content)

    def _expanded(self, value: Any) -> Any:
        """Put environment variables into values, not into keys."""
        if isinstance(value, dict):
            return {key: self._expanded(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._expanded(item) for item in value]
        if not isinstance(value, str):
            return value
        return VARIABLE.sub(
            lambda m: "$" if m[0] == "$$" else self._environment.get(m[1] or m[2], ""), value
        )


def _listed(content: dict[str, Any], key: str, *, file: Path) -> list[dict[str, Any]]:
    found = content.get(key) or []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise ProvisioningError(f"{file}: {key} is not a list of mappings")
    return found
