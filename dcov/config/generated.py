"""Passwords that dcov makes up where a site names none, kept in `.secrets.yaml`."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from dcov.config import graft
from dcov.config.document import Document
from dcov.config.load import load
from dcov.config.plain import Plain
from dcov.config.replace import create, editing, replace
from dcov.config.secrets_file import FILE_NAME
from dcov.config.settings import Settings
from dcov.config.source import Source
from dcov.config.splice import CannotSpliceError
from dcov.errors import ConfigError
from dcov.secret import Secret

BYTES = 18  # of randomness: 24 characters
HEAD = "# Passwords of this site. Only its owner may read this file; keep a copy of it.\n"

Generator = Callable[[], str]


def password() -> str:
    """Make up a password."""
    return secrets.token_urlsafe(BYTES)


GENERATED: Mapping[str, Generator] = MappingProxyType(
    {
        "fleet_admin_pass": password,
        "grafana_password": password,
        "ipmi_monitor_password": password,
    }
)


def missing_secrets(settings: Settings, *, among: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of these keys of `.secrets.yaml` for which the settings have no password."""
    return tuple(key for key in among if _in_force(settings, key) is None)


def ensure_secrets(path: Path, *, wanted: Mapping[str, Generator] = GENERATED) -> tuple[str, ...]:
    """Make up what is missing and write it into `.secrets.yaml` beside this configuration.

    A password that is set, there or in the configuration, is never changed. The file is made if
    need be (0600); comments in it stay. Returns the keys that were written: read the site anew
    where there are any.
    """
    file = path.absolute().parent / FILE_NAME
    with editing(file):
        missing = missing_secrets(load(path).settings, among=tuple(wanted))
        write_secrets(file, values={key: wanted[key]() for key in missing})
    return missing


def write_secrets(file: Path, *, values: Mapping[str, object]) -> None:
    """Add these keys to a `.secrets.yaml`, which is made where there is none."""
    if not values:
        return
    source = Source.read(file) if file.exists() else None
    text = source.text if source else HEAD
    before = _data(text, file=file)
    for key, value in values.items():
        try:
            text = graft.put(Document.parse(text, file=file), (key,), value)
        except CannotSpliceError as error:
            raise _refusal(file, f"cannot be changed by dcov: {error}") from error
    if _data(text, file=file) != {**before, **values}:
        raise _refusal(file, "is written in a way that dcov cannot change safely")
    if source is None:
        create(file, text=text)
    else:
        replace(source, text=text)


def _in_force(settings: Settings, key: str) -> Secret | None:
    match key:
        case "fleet_admin_pass":
            return settings.fleet_admin_pass
        case "grafana_password":
            return settings.grafana.admin_password
        case "ipmi_monitor_password":
            return settings.ipmi_monitor.admin_password
    raise KeyError(key)


def _data(text: str, *, file: Path) -> dict[str, object]:
    data = Plain(document=Document.parse(text, file=file)).value()
    return data if isinstance(data, dict) else {}


def _refusal(file: Path, message: str) -> ConfigError:
    said = f"{message}; edit it by hand"
    return ConfigError.about(said, file=file)
