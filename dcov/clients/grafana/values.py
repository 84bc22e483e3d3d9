"""What Grafana is asked for and told, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

REDACTED = "[REDACTED]"  # what Grafana says where it keeps a secret to itself


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """Where Grafana takes its numbers from; `read_only` where a file provisions it."""

    uid: str
    name: str
    type: str
    url: str
    access: str = "proxy"
    is_default: bool = False
    json_data: Mapping[str, Any] = field(default_factory=dict)
    read_only: bool = False
    version: int = 0

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> DataSource:
        """Read Grafana's form."""
        return cls(
            uid=item["uid"],
            name=item["name"],
            type=item["type"],
            url=item["url"],
            access=item["access"],
            is_default=item["isDefault"],
            json_data=item.get("jsonData") or {},
            read_only=item.get("readOnly", False),
            version=item.get("version", 0),
        )

    def body(self) -> dict[str, Any]:
        """Return Grafana's form, without a version: what is there is replaced."""
        return {
            "uid": self.uid,
            "name": self.name,
            "type": self.type,
            "url": self.url,
            "access": self.access,
            "isDefault": self.is_default,
            "jsonData": dict(self.json_data),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder of dashboards."""

    uid: str
    title: str

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> Folder:
        """Read Grafana's form."""
        return cls(uid=item["uid"], title=item["title"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """A dashboard: `model` is its JSON without the `id` and `version` that Grafana gives it.

    `provisioned` where a file provides it: then only the file can change it.
    """

    uid: str
    title: str
    model: Mapping[str, Any] = field(repr=False)
    folder_uid: str = ""
    version: int = 0
    provisioned: bool = False

    @classmethod
    def of(cls, model: Mapping[str, Any], *, folder_uid: str = "") -> Dashboard:
        """Take a model as a file has it; it must have a uid and a title."""
        kept = {key: value for key, value in model.items() if key not in ("id", "version")}
        return cls(uid=kept["uid"], title=kept["title"], model=kept, folder_uid=folder_uid)

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> Dashboard:
        """Read Grafana's form."""
        model, meta = item["dashboard"], item["meta"]
        return cls(
            uid=model["uid"],
            title=model["title"],
            model={key: value for key, value in model.items() if key not in ("id", "version")},
            folder_uid=meta.get("folderUid") or "",
            version=model["version"],
            provisioned=meta.get("provisioned", False),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What a search has found: a folder or a dashboard."""

    uid: str
    title: str
    is_folder: bool
    folder_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPoint:
    """Where alerts go; several of one name are used together.

    A secret among the settings is a `Secret` when it is given, and `[REDACTED]` when it is read.
    """

    uid: str
    name: str
    type: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    disable_resolve_message: bool = False
    provenance: str = ""  # `file`, `api`, or empty for what was made in Grafana itself

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> ContactPoint:
        """Read Grafana's form."""
        return cls(
            uid=item["uid"],
            name=item["name"],
            type=item["type"],
            settings=item.get("settings") or {},
            disable_resolve_message=item.get("disableResolveMessage", False),
            provenance=item.get("provenance") or "",
        )
