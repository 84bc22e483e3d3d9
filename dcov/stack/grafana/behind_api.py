"""What is to be in a Grafana, each brought about by its API."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dcov.change import Action, Change, compare, unified
from dcov.clients.grafana import (
    REDACTED,
    ContactPoint,
    Dashboard,
    DataSource,
    Folder,
    Grafana,
)
from dcov.converge.calls import PutBack
from dcov.errors import GrafanaSilentError
from dcov.secret import Secret

OURS = "dcov"  # the beginning of the message of every version that dcov saves
HIDDEN = "(not shown)"


@dataclass(frozen=True, kw_only=True)
class Behind(ABC):
    """Something behind a Grafana's API."""

    grafana: Grafana

    @property
    @abstractmethod
    def name(self) -> str:
        """What it is called in plans and reports."""

    def plan(self) -> Change:
        """Ask; where no Grafana answers, an earlier step may have to bring it up first."""
        try:
            return self._compared()
        except GrafanaSilentError as error:
            return Change(resource=self.name, action=Action.UNKNOWN, reason=error.why)

    @abstractmethod
    def _compared(self) -> Change:
        """Ask, and say how it differs."""

    def _create(self, **shown: object) -> Change:
        diff = tuple(f"+{key} {value}" for key, value in shown.items())
        return Change(resource=self.name, action=Action.CREATE, diff=diff)


@dataclass(frozen=True, kw_only=True)
class GrafanaDataSource(Behind):
    """A data source like this; settings of it that are not named are left alone.

    So is whether it is Grafana's default, unless it shall be.
    """

    wanted: DataSource

    @property
    def name(self) -> str:
        """What it is called."""
        return f"grafana-datasource:{self.wanted.uid}"

    def _compared(self) -> Change:
        found = self.grafana.data_source(self.wanted.uid)
        if found is None:
            return self._create(**_flat(self.wanted))
        return compare(self.name, had=_flat(found), want=_flat(self.wanted))

    def keep(self) -> PutBack:
        """Remember it as it is."""
        uid, found = self.wanted.uid, self.grafana.data_source(self.wanted.uid)
        if found is None:
            return lambda: self.grafana.delete_data_source(uid)
        return lambda: self.grafana.update_data_source(found)

    def apply(self) -> None:
        """Make or change it."""
        found = self.grafana.data_source(self.wanted.uid)
        if found is None:
            self.grafana.create_data_source(self.wanted)
            return
        merged = {**found.json_data, **self.wanted.json_data}
        default = found.is_default or self.wanted.is_default
        self.grafana.update_data_source(replace(self.wanted, json_data=merged, is_default=default))


@dataclass(frozen=True, kw_only=True)
class GrafanaFolder(Behind):
    """A folder of dashboards with this title."""

    wanted: Folder

    @property
    def name(self) -> str:
        """What it is called."""
        return f"grafana-folder:{self.wanted.uid}"

    def _compared(self) -> Change:
        found = self.grafana.folder(self.wanted.uid)
        if found is None:
            return self._create(title=self.wanted.title)
        return compare(self.name, had={"title": found.title}, want={"title": self.wanted.title})

    def keep(self) -> PutBack:
        """Remember its title; a folder that was made is deleted unless something else is in it."""
        uid, found = self.wanted.uid, self.grafana.folder(self.wanted.uid)
        if found is None:
            return lambda: self.grafana.delete_folder(uid)
        return lambda: self.grafana.rename_folder(found)

    def apply(self) -> None:
        """Make or rename it."""
        if self.grafana.folder(self.wanted.uid) is None:
            self.grafana.create_folder(self.wanted)
        else:
            self.grafana.rename_folder(self.wanted)


@dataclass(frozen=True, kw_only=True)
class GrafanaDashboard(Behind):
    """A dashboard like this one.

    One whose newest version somebody else saved is left as it is unless `overwrite`; one that a
    file provides is never touched, since only the file could change it.
    """

    wanted: Dashboard
    overwrite: bool = False

    @property
    def name(self) -> str:
        """What it is called."""
        return f"grafana-dashboard:{self.wanted.uid}"

    def left(self) -> str:
        """Say why it is left as it is although it differs; empty where it is not."""
        try:
            found = self.grafana.dashboard(self.wanted.uid)
        except GrafanaSilentError:
            return ""
        return "" if found is None or self._same(found) else self._left(found)

    def _left(self, found: Dashboard) -> str:
        title = f"the dashboard {found.title!r}"
        if found.provisioned:
            return f"{title} comes from a file and is left as it is"
        if self.overwrite or self.grafana.last_message(found.uid).startswith(OURS):
            return ""
        return f"{title} was changed in Grafana and is left as it is"

    def _same(self, found: Dashboard) -> bool:
        wanted = self.wanted
        return found.model == wanted.model and found.folder_uid == wanted.folder_uid

    def _compared(self) -> Change:
        found = self.grafana.dashboard(self.wanted.uid)
        if found is None:
            panels = len(self.wanted.model.get("panels") or ())
            return self._create(title=self.wanted.title, panels=panels)
        if self._same(found) or self._left(found):
            return Change(resource=self.name, action=Action.NOOP)
        moved = compare(
            self.name,
            had={"folder": found.folder_uid},
            want={"folder": self.wanted.folder_uid},
        )
        lines = unified(self.name, old=_text(found), new=_text(self.wanted))
        return Change(resource=self.name, action=Action.UPDATE, diff=moved.diff + lines)

    def keep(self) -> PutBack:
        """Remember it, and who saved it."""
        uid, found = self.wanted.uid, self.grafana.dashboard(self.wanted.uid)
        if found is None:
            return lambda: self.grafana.delete_dashboard(uid)
        said = self.grafana.last_message(uid)
        return lambda: self.grafana.save_dashboard(found, message=said)

    def apply(self) -> None:
        """Save it as a new version."""
        self.grafana.save_dashboard(self.wanted, message=f"{OURS}: as shipped")


@dataclass(frozen=True, kw_only=True)
class GrafanaContactPoint(Behind):
    """A contact point like this. Whether a secret that Grafana hides is the same cannot be seen."""

    wanted: ContactPoint

    @property
    def name(self) -> str:
        """What it is called."""
        return f"grafana-contact-point:{self.wanted.uid}"

    def _find(self) -> ContactPoint | None:
        points = self.grafana.contact_points()
        return next((item for item in points if item.uid == self.wanted.uid), None)

    def _compared(self) -> Change:
        found = self._find()
        want = _shown(self.wanted, beside=found)
        if found is None:
            return self._create(**want)
        return compare(self.name, had=_had(found, wanted=self.wanted), want=want)

    def keep(self) -> PutBack:
        """Remember it, its secrets included."""
        uid, found = self.wanted.uid, self._find()
        if found is None:
            return lambda: self.grafana.delete_contact_point(uid)
        whole = self.grafana.with_secrets(found)
        return lambda: self.grafana.update_contact_point(whole)

    def apply(self) -> None:
        """Make or change it."""
        if self._find() is None:
            self.grafana.create_contact_point(self.wanted)
        else:
            self.grafana.update_contact_point(self.wanted)


@dataclass(frozen=True, kw_only=True)
class GrafanaHome(Behind):
    """This dashboard is what people see first."""

    uid: str

    @property
    def name(self) -> str:
        """What it is called."""
        return "grafana-home"

    def _compared(self) -> Change:
        return compare(
            self.name, had={"dashboard": self.grafana.home()}, want={"dashboard": self.uid}
        )

    def keep(self) -> PutBack:
        """Remember the former one."""
        former = self.grafana.home()
        return lambda: self.grafana.set_home(former)

    def apply(self) -> None:
        """Set it."""
        self.grafana.set_home(self.uid)


def _flat(source: DataSource) -> dict[str, str]:
    plain = {
        "name": source.name,
        "type": source.type,
        "url": source.url,
        "access": source.access,
    }
    plain |= {"default": "yes"} if source.is_default else {}
    return plain | {f"jsonData.{key}": str(value) for key, value in source.json_data.items()}


def _text(dashboard: Dashboard) -> str:
    return json.dumps(dashboard.model, indent=1, sort_keys=True)


def _shown(point: ContactPoint, *, beside: ContactPoint | None) -> dict[str, str]:
    """Return what a diff may show: a secret only says that it is one, or that it differs."""
    found: Mapping[str, Any] = beside.settings if beside else {}
    settings = {
        f"settings.{key}": _secret(value, found.get(key))
        if isinstance(value, Secret)
        else str(value)
        for key, value in point.settings.items()
    }
    return {**_head(point), **settings}


def _secret(value: Secret, found: object) -> str:
    return HIDDEN if found in (None, "", REDACTED, value.reveal()) else f"{HIDDEN}, another one"


def _had(found: ContactPoint, *, wanted: ContactPoint) -> dict[str, str]:
    settings = {
        f"settings.{key}": HIDDEN if isinstance(wanted.settings.get(key), Secret) else str(value)
        for key, value in found.settings.items()
    }
    return {**_head(found), **settings}


def _head(point: ContactPoint) -> dict[str, str]:
    quiet = str(point.disable_resolve_message).lower()
    return {"name": point.name, "type": point.type, "without resolved": quiet}
