"""Servers from a list that people paste: the forms that the existing product family accepts.

- `IP`, `IP,BMC`, `NAME,IP`, `NAME,IP,BMC[,BMCUSER[,BMCPASSWORD]]`
- the same after header lines `globalSSH:USER,PASSWORD` and `globalIPMI:USER,PASSWORD`
- `global:USER,PASSWORD` or `global:/PATH/KEY`, then `IP[,USER[,PASSWORD]]`
- CSV with the columns `name,ip,ssh_user,ssh_port,ssh_password`, of which only `ip` must be there

Empty lines and lines that begin with `#` are passed over. A value with a comma stands in quotes.
"""

from __future__ import annotations

import csv
import ipaddress
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from dcov.config.checks import check
from dcov.config.document import written
from dcov.config.fields import kind_of
from dcov.config.reading import nearest, wrong
from dcov.config.server import ServerSettings
from dcov.errors import ConfigError, Problem

Keys = dict[str, object]

STANDARD_INPUT = Path("-")

COLUMNS = {
    "name": "name",
    "ip": "server_ip",
    "ssh_user": "ssh_user",
    "ssh_port": "ssh_port",
    "ssh_password": "ssh_password",
}
HEADERS = {"global": "ssh", "globalssh": "ssh", "globalipmi": "bmc"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the list: its number, and its values."""

    number: int
    values: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class _List:
    """What has been read so far."""

    file: Path
    defaults: Keys = field(default_factory=dict)
    servers: list[tuple[int, Keys]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def fault(self, line: int, message: str, *, key: str = "") -> None:
        self.problems.append(Problem(file=self.file, line=line, column=1, key=key, message=message))


def parse_servers(
    text: str, *, taken: Collection[str] = (), file: Path = STANDARD_INPUT
) -> tuple[ServerSettings, ...]:
    """Read a list of servers; a ConfigError says what is wrong with which line.

    Servers without a name get one that is not among those `taken`. Passwords in the list stand in
    the result as secrets: they belong into `.secrets.yaml`.
    """
    lines = list(_lines(text))
    found = _List(file=file)
    read, stem = _form(lines[0] if lines else None)
    read(lines, found)
    _name(found, stem=stem, taken=taken)
    servers = [server for server in _valid(found) if server is not None]
    for fault in check({"servers": [keys for _, keys in found.servers]}):
        number = found.servers[int(fault.loc[1])][0]
        other = found.servers[int(fault.other[1])][0]
        message = f"{fault.message} (the other: line {other})"
        found.fault(number, message, key=str(fault.loc[-1]))
    if found.problems:
        raise ConfigError(problems=tuple(sorted(found.problems, key=lambda one: one.line)))
    return tuple(servers)


def plain_keys(server: ServerSettings) -> Keys:
    """Return the keys to write into fleet-config.yaml: those that are set and no secret."""
    shown = server.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    return {key: value for key, value in shown.items() if not key.endswith("_password")}


def _lines(text: str) -> Iterator[Line]:
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            values = next(csv.reader([stripped], skipinitialspace=True))
            yield Line(number=number, values=tuple(value.strip() for value in values))


def _form(first: Line | None) -> tuple[Callable[[list[Line], _List], None], str]:
    """Tell the form by the first line; return its reader, and how it names servers."""
    values = first.values if first else ()
    if values and values[0].lower().startswith("global:"):
        return _quickstart, "gpu-{:02}"
    if "ip" in (value.lower() for value in values):
        return _csv, "server-{}"
    return _wizard, "server-{}"


def _quickstart(lines: list[Line], found: _List) -> None:
    for line in lines:
        if not _header(line, found):
            names = ("server_ip", "ssh_user", "ssh_password")
            _take(line, found, names=names, form="IP[,USER[,PASSWORD]]")


def _wizard(lines: list[Line], found: _List) -> None:
    form = "IP, IP,BMC, NAME,IP or NAME,IP,BMC[,BMCUSER[,BMCPASSWORD]]"
    for line in lines:
        if _header(line, found):
            continue
        unnamed = _is_ip(line.values[0]) or len(line.values) == 1
        if unnamed and line.values[1:] and not set(line.values[1]) & set(".:"):
            message = (
                "is no address of a BMC; lines of IP,USER follow a line `global:USER,PASSWORD`"
            )
            found.fault(line.number, message, key="bmc_ip")
            continue
        names = ("server_ip", "bmc_ip", "bmc_user", "bmc_password")
        _take(line, found, names=names if unnamed else ("name", *names), form=form)


def _csv(lines: list[Line], found: _List) -> None:
    head, *rows = lines
    columns = tuple(value.lower() for value in head.values)
    for column in columns:
        if column not in COLUMNS:
            hint = nearest(column, among=tuple(COLUMNS))
            found.fault(head.number, f"unknown column {column!r}; {hint}")
    names = tuple(COLUMNS.get(column, column) for column in columns)
    for line in rows if not found.problems else ():
        _take(line, found, names=names, form=",".join(columns))


def _take(line: Line, found: _List, *, names: tuple[str, ...], form: str) -> None:
    if len(line.values) > len(names):
        found.fault(line.number, f"too many values; a line is {form}")
        return
    keys: Keys = dict(found.defaults)
    keys.update({name: value for name, value in zip(names, line.values, strict=False) if value})
    port = keys.get("ssh_port")
    if isinstance(port, str) and port.isascii() and port.isdigit():
        keys["ssh_port"] = int(port)
    found.servers.append((line.number, keys))


def _header(line: Line, found: _List) -> bool:
    """Take a line with defaults for all that follow; say whether it is one."""
    word, colon, value = line.values[0].partition(":")
    kind = HEADERS.get(word.lower())
    if kind is None or not colon:
        return False
    value = value.strip()
    if kind == "ssh" and value.startswith(("/", "~")):
        found.defaults["ssh_key_path"] = value
    elif len(line.values) == 2 and value:  # noqa: PLR2004 - a user and a password
        found.defaults[f"{kind}_user"] = value
        found.defaults[f"{kind}_password"] = line.values[1]
    else:
        found.fault(line.number, f"must be `{word}:USER,PASSWORD` or `{word}:/PATH/KEY`")
    return True


def _is_ip(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def _name(found: _List, *, stem: str, taken: Collection[str]) -> None:
    used = {*taken, *(str(keys["name"]) for _, keys in found.servers if "name" in keys)}
    number = 0
    for _, keys in found.servers:
        while "name" not in keys:
            number += 1
            if stem.format(number) not in used:
                keys["name"] = stem.format(number)


def _valid(found: _List) -> Iterator[ServerSettings | None]:
    for number, keys in found.servers:
        try:
            yield ServerSettings.model_validate(keys)
        except ValidationError as invalid:
            for error in invalid.errors(include_url=False):
                message = wrong(error, found=kind_of(error["input"]))
                if error["type"] == "missing":
                    message = "is missing"
                found.fault(number, message, key=written(error["loc"]))
