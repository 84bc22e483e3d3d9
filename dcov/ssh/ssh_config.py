"""The operator's ~/.ssh/config, with what it includes.

paramiko reads such files but not their `Include` lines, so these are put in place first. Looking
a name up does no I/O. Limits: a block under `Match exec`, or under a criterion that paramiko does
not know, never applies and is listed in `skipped`; names are not canonicalised; `%l` is not
expanded, since it would ask the resolver for each server; `[` is special in patterns.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Self

import paramiko

from dcov.errors import ConfigError
from dcov.home import expanded, home

DEEPEST = 16  # READCONF_MAX_DEPTH in OpenSSH's readconf.c
NEVER = ("originalhost", "!*")
PLAIN_CRITERIA = frozenset({"canonical", "final"})
CRITERIA = frozenset({"host", "originalhost", "user", "localuser"})
COMMENT = re.compile(r'\s+#[^"]*$')  # a # within quotes is followed by one
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
READ = frozenset(
    {
        "connecttimeout",
        "hostkeyalias",
        "hostname",
        "identitiesonly",
        "identityagent",
        "identityfile",
        "port",
        "proxycommand",
        "proxyjump",
        "user",
        "userknownhostsfile",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostOptions:
    """What ssh_config says of one alias; None and () where it says nothing.

    `proxy_jump` are the hops in order, each as written: [user@]host[:port]. It wins over
    `proxy_command` where both are set. That and `identity_agent` have their tokens still in them.
    """

    hostname: str
    port: int | None = None
    user: str | None = None
    identity_files: tuple[Path, ...] = ()
    identities_only: bool = False
    identity_agent: str | None = None
    proxy_jump: tuple[str, ...] = ()
    proxy_command: str | None = None
    connect_timeout: float | None = None
    host_key_alias: str | None = None
    user_known_hosts_files: tuple[Path, ...] = ()


class _Parsed(paramiko.SSHConfig):
    """paramiko's reader, without the token for which it asks the resolver at every lookup."""

    TOKENS_BY_CONFIG_KEY = {  # noqa: RUF012 - paramiko's own
        key: [sign for sign in signs if sign != "%l"]
        for key, signs in paramiko.SSHConfig.TOKENS_BY_CONFIG_KEY.items()
        if key != "proxycommand"  # its %p and %r may be what the fleet declares
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class SshConfig:
    """One ssh_config, read once per run."""

    parsed: paramiko.SSHConfig
    says_anything: bool = True
    skipped: tuple[str, ...] = ()

    @classmethod
    def of_operator(cls) -> Self:
        """Read ~/.ssh/config of whoever runs dcov."""
        return cls.load(home() / ".ssh" / "config")

    @classmethod
    def load(cls, path: Path, *, folder: Path | None = None) -> Self:
        """Read this file, which need not exist; relative includes are in `folder` (~/.ssh)."""
        reading = _Reading(folder=folder or home() / ".ssh", skipped=[])
        parsed = _Parsed()
        lines = list(reading.lines(path))
        parsed.parse(lines)
        return cls(parsed=parsed, says_anything=bool(lines), skipped=tuple(reading.skipped))

    def lookup(self, alias: str) -> HostOptions:
        """Say how this alias is to be reached."""
        found = self.parsed.lookup(alias)
        try:
            return HostOptions(
                hostname=found["hostname"],
                port=int(found["port"]) if "port" in found else None,
                user=found.get("user"),
                identity_files=_paths(found.get("identityfile", ())),
                identities_only=found.get("identitiesonly", "no").lower() in {"yes", "true"},
                identity_agent=found.get("identityagent"),
                proxy_jump=_hops(found.get("proxyjump")),
                proxy_command=found.get("proxycommand"),
                connect_timeout=_seconds(found.get("connecttimeout")),
                host_key_alias=found.get("hostkeyalias"),
                user_known_hosts_files=_paths(shlex.split(found.get("userknownhostsfile", ""))),
            )
        except ValueError as error:
            raise _fault(f"{alias}: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """Puts includes in place, as lines that paramiko understands.

    A block in an included file applies only where the block around the `Include` does, and after
    the `Include` that block goes on. So every header is written anew as one `Match` of all the
    conditions around it.
    """

    folder: Path
    skipped: list[str]

    def lines(self, path: Path, *, outer: tuple[str, ...] = (), depth: int = 0) -> Iterator[str]:
        if depth > DEEPEST:
            raise _fault(f"included more than {DEEPEST} deep", file=path)
        try:
            text = path.read_text(encoding="utf-8", errors="surrogateescape")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):  # ssh passes them over
            return
        except OSError as error:
            raise _fault(f"cannot be read: {error.strerror}", file=path) from error
        block = outer
        for number, line in enumerate(text.splitlines(), start=1):
            keyword, value = _keyword(line)
            try:
                if keyword in {"host", "match"}:
                    block = (*outer, *self._criteria(keyword, value, place=f"{path}:{number}"))
                    yield _header(block)
                elif keyword == "include":
                    for included in self._included(value):
                        yield from self.lines(included, outer=block, depth=depth + 1)
                        yield _header(block)
                elif keyword in READ:
                    yield f"{keyword} {value}"
            except ValueError as error:  # quotes that do not close
                raise _fault(f"{keyword}: {error}", file=path, line=number) from error

    def _included(self, value: str) -> Iterator[Path]:
        for word in shlex.split(value):
            pattern = self.folder / expanded(word)
            # Path.glob() takes no absolute pattern.
            yield from map(Path, sorted(glob(str(pattern))))  # noqa: PTH207

    def _criteria(self, keyword: str, value: str, *, place: str) -> tuple[str, ...]:
        words = shlex.split(value)
        if keyword == "host":
            return ("originalhost", ",".join(words))
        kept: list[str] = []
        rest = iter(words)
        for word in rest:
            criterion = word.lower().removeprefix("!")
            if criterion in PLAIN_CRITERIA:
                kept.append(word.lower())
            elif criterion in CRITERIA:
                kept += [word.lower(), next(rest, "")]
            elif criterion != "all":
                self.skipped.append(f"{place}: Match {criterion}")
                return NEVER
        return tuple(kept)


def _keyword(line: str) -> tuple[str, str]:
    found = re.match(r"\s*(\w+)(?:\s*=\s*|\s+)(.*)", line)
    if found is None:
        return "", ""
    keyword, value = found[1].lower(), found[2].strip()
    if keyword != "proxycommand":  # the rest of its line is for the shell
        value = COMMENT.sub("", value)
    return keyword, value


def _header(block: Sequence[str]) -> str:
    return f"Match {shlex.join(block)}" if block else "Host *"


def _hops(value: str | None) -> tuple[str, ...]:
    return () if value is None or value.lower() == "none" else tuple(value.split(","))


def _paths(values: Sequence[str]) -> tuple[Path, ...]:
    return tuple(expanded(value) for value in values if value.lower() != "none")


def _seconds(value: str | None) -> float | None:
    if value is None or value.lower() == "none":
        return None
    if not re.fullmatch(r"(\d+[smhdw]?)+", value.lower()):
        raise ValueError(f"{value!r} is no time")
    parts = re.findall(r"(\d+)([smhdw]?)", value.lower())
    return float(sum(int(number) * UNITS[unit] for number, unit in parts))


def _fault(message: str, *, file: Path | None = None, line: int = 0) -> ConfigError:
    return ConfigError.about(message, file=file, line=line, key="ssh_config")
