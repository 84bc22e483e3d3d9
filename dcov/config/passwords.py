"""Passwords that nothing may be deployed with: too short, or known to everybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from dcov.config.document import Document, Loc, written
from dcov.config.secrets_file import FILE_NAME
from dcov.config.settings import Settings
from dcov.config.source import Source
from dcov.errors import Problem
from dcov.secret import Secret

SHORTEST = 12  # characters of the first user's password: it opens every page to the internet
# What the existing product falls back to, and what stands in its documented sample.
DEFAULTS = frozenset({"admin", "changeme", "password"})
PLACEHOLDER = "YOUR_"
# Which key of .secrets.yaml a password may have come from.
SECRETS_KEY: Mapping[Loc, str] = MappingProxyType(
    {
        ("fleet_admin_pass",): "fleet_admin_pass",
        ("grafana", "admin_password"): "grafana_password",
        ("ipmi_monitor", "admin_password"): "ipmi_monitor_password",
    }
)


def checked_for_deploy(settings: Settings, *, path: Path | None = None) -> tuple[Problem, ...]:
    """Return the passwords that these settings must not be deployed with, each with the reason.

    A password that is not set is none of them. `path` is the configuration that the settings are
    from: with it each problem has its file and line. No problem repeats a password.
    """
    wrong = tuple(_wrong(settings))
    if not wrong:
        return ()
    documents = _documents(path) if path is not None and path.is_file() else ()
    return tuple(_problem(loc, message, documents=documents) for loc, message in wrong)


def _wrong(settings: Settings) -> Iterator[tuple[Loc, str]]:
    for loc, password in (
        (("fleet_admin_pass",), settings.fleet_admin_pass),
        (("grafana", "admin_password"), settings.grafana.admin_password),
        (("ipmi_monitor", "admin_password"), settings.ipmi_monitor.admin_password),
    ):
        if password is None:
            continue
        if _is_known(password):
            yield loc, "everybody knows this password: it is a default or a placeholder; change it"
        elif loc == ("fleet_admin_pass",) and len(password.reveal()) < SHORTEST:
            yield loc, f"is shorter than {SHORTEST} characters"


def _is_known(password: Secret) -> bool:
    text = password.reveal()
    return text.lower() in DEFAULTS or text.startswith(PLACEHOLDER)


def _documents(path: Path) -> tuple[Document, ...]:
    files = (path, path.absolute().parent / FILE_NAME)
    return tuple(
        Document.parse(Source.read(file).text, file=file) for file in files if file.exists()
    )


def _problem(loc: Loc, message: str, *, documents: tuple[Document, ...]) -> Problem:
    for document in _by_strength(loc, documents):
        place = (SECRETS_KEY[loc],) if document.file.name == FILE_NAME else loc
        if document.find(place).loc == place:
            return document.problem(message, loc=place)
    return Problem(message=message, key=written(loc))


def _by_strength(loc: Loc, documents: tuple[Document, ...]) -> tuple[Document, ...]:
    """Put that file first whose value is in force where both have one."""
    return documents if loc == ("fleet_admin_pass",) else documents[::-1]
