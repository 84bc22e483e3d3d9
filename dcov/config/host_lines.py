"""Two changed copies of one known_hosts brought together, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dcov.errors import ConfigError, Problem


def merge_hosts(
    ours: str, *, base: str | None, theirs: str, file: Path, keep_ours: bool | None = None
) -> str:
    """Return our lines without those that the other side took out, and with those it added.

    Raises ConfigError where both sides added another key of one kind for one name: one of the
    two is not that server's; unless `keep_ours` says whose is to be kept.
    """
    mine, other = _lines(ours), _lines(theirs)
    before = _lines(base or "")
    kept = [line for line in mine if line in other or line not in before]
    new = [line for line in other if line not in mine and line not in before]
    clashing = {_key(line): line for line in kept if line not in other and line not in before}
    clashes = [line for line in new if _key(line) in clashing]
    if clashes and keep_ours is None:
        raise ConfigError(problems=tuple(_said(clashes, lines=mine, file=file, clashing=clashing)))
    if keep_ours:
        new = [line for line in new if line not in clashes]
    elif clashes:
        lost = {_key(line) for line in clashes}
        kept = [line for line in kept if line in other or _key(line) not in lost]
    if kept == mine and not new:
        return ours
    return "".join(f"{line}\n" for line in (*kept, *new))


def _said(
    clashes: Iterable[str], *, lines: list[str], file: Path, clashing: dict[tuple[str, str], str]
) -> Iterable[Problem]:
    for line in clashes:
        names, kind = _key(line)
        number = lines.index(clashing[names, kind]) + 1
        message = f"here and on the master another {kind} key was added; compare on its console"
        yield Problem(file=file, line=number, column=1, key=names, message=message)


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _key(line: str) -> tuple[str, str]:
    """Return the names and the kind of key, with the marker where there is one."""
    words = line.split()
    if words[0].startswith("@"):
        words = [f"{words[0]} {words[1]}" if len(words) > 1 else words[0], *words[2:]]
    return words[0], words[1] if len(words) > 1 else ""
