"""Contact points as a file declares them, in Grafana's own form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from dcov.clients.grafana import ContactPoint
from dcov.config.references import ReferenceFailedError, References
from dcov.config.source import Source
from dcov.errors import ConfigError, Problem
from dcov.secret import Secret

# The names of settings that Grafana keeps to itself, and those that hold a key within a URL.
SECRET_WORDS = ("password", "token", "key", "secret", "credentials", "url")


def read_contact_points(path: Path) -> tuple[ContactPoint, ...]:
    """Read a file as Grafana's provisioning has it: `contactPoints`, each with `receivers`.

    Values may be `${env:NAME}` and the like; such a value, and every one that is a secret by
    its name, is never shown. Raises ConfigError with all problems.
    """
    source = Source.read(path)
    try:
        content = yaml.load(source.text, Loader=yaml.CSafeLoader)  # it is the safe one
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        message = str(getattr(error, "problem", error))
        raise ConfigError(problems=(_problem(path, "", message, line=line),)) from None
    reader = _Reader(path=path, references=References(source=source))
    points = tuple(reader.points(content))
    if reader.problems:
        raise ConfigError(problems=tuple(reader.problems))
    return points


def secrets_of(points: tuple[ContactPoint, ...]) -> tuple[Secret, ...]:
    """Return every secret among the settings: what must be masked."""
    found = (value for point in points for value in point.settings.values())
    return tuple(value for value in found if isinstance(value, Secret))


class _Reader:
    """Collects the problems of one file."""

    def __init__(self, *, path: Path, references: References) -> None:
        self._path = path
        self._references = references
        self.problems: list[Problem] = []

    def points(self, content: Any) -> Iterator[ContactPoint]:
        groups = content.get("contactPoints") if isinstance(content, dict) else None
        if not isinstance(groups, list):
            self._refuse("contactPoints", "is no list")
            return
        seen: set[str] = set()
        for number, group in enumerate(groups):
            key = f"contactPoints[{number}]"
            if not isinstance(group, dict) or not isinstance(group.get("name"), str):
                self._refuse(f"{key}.name", "is missing")
                continue
            receivers = group.get("receivers")
            if not isinstance(receivers, list):
                self._refuse(f"{key}.receivers", "is no list")
                continue
            for position, receiver in enumerate(receivers):
                yield from self._point(
                    receiver, name=group["name"], key=f"{key}.receivers[{position}]", seen=seen
                )

    def _point(
        self, receiver: Any, *, name: str, key: str, seen: set[str]
    ) -> Iterator[ContactPoint]:
        if not isinstance(receiver, dict):
            self._refuse(key, "is no mapping")
            return
        missing = [word for word in ("uid", "type") if not isinstance(receiver.get(word), str)]
        for word in missing:
            self._refuse(f"{key}.{word}", "is missing")
        settings = receiver.get("settings") or {}
        if not isinstance(settings, dict):
            self._refuse(f"{key}.settings", "is no mapping")
            return
        if missing:
            return
        if receiver["uid"] in seen:
            self._refuse(f"{key}.uid", f"{receiver['uid']} stands here twice")
        seen.add(receiver["uid"])
        yield ContactPoint(
            uid=receiver["uid"],
            name=name,
            type=receiver["type"],
            settings=self._settings(settings, key=f"{key}.settings"),
            disable_resolve_message=bool(receiver.get("disableResolveMessage")),
        )

    def _settings(self, settings: Mapping[Any, Any], *, key: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in settings.items():
            found[str(name)] = value
            if not isinstance(value, str):
                continue
            try:
                text = self._references.follow(value)
            except ReferenceFailedError as error:
                self._refuse(f"{key}.{name}", str(error))
                continue
            hidden = text is not value or any(word in name.lower() for word in SECRET_WORDS)
            found[str(name)] = Secret(str(text)) if hidden else text
        return found

    def _refuse(self, key: str, message: str) -> None:
        self.problems.append(_problem(self._path, key, message))


def _problem(path: Path, key: str, message: str, *, line: int = 0) -> Problem:
    return Problem(file=path, line=line, column=1, key=key, message=message)
