"""What of a configuration is the site's, and what stays with the one who wrote it.

Passwords, API keys and the paths of private keys belong to the controller: they mean nothing
elsewhere, or must not be there.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from dcov.config import graft
from dcov.config.document import Document, Loc, written
from dcov.config.mask import SECRET_KEY
from dcov.config.plain import Plain
from dcov.config.splice import CannotSpliceError
from dcov.errors import ConfigError, Problem
from dcov.secret import MASK

# Names are free there.
NOT_SECRET = frozenset({"labels", "exporter_ports", "images", "volumes", "exporters"})
WHOLE = frozenset({"api_keys", "ssh_key_path"})
KEY_PATH: Loc = ("ssh", "key_path")


def revision(text: str) -> str:
    """Return the name of this state of a file: the same text has the same everywhere."""
    return sha256(text.encode()).hexdigest()[:12]


def shared(text: str, *, file: Path) -> str:
    """Return the configuration without what belongs to its controller; comments stay.

    Raises ConfigError where a password stands so that it cannot be taken out of the text.
    """
    while spots := _spots(text, file=file):
        for start, end, new in spots:
            text = text[:start] + new + text[end:]
    return text


def local_keys(text: str, *, file: Path) -> tuple[str, ...]:
    """Name the keys in this configuration that belong to its controller."""
    return tuple(map(written, local(_data(Document.parse(text, file=file)))))


def masked(text: str, *, file: Path) -> str:
    """Return the configuration with a mask in the place of what belongs to its controller."""
    document = Document.parse(text, file=file)
    spans = [
        (node.start_mark.index, node.end_mark.index)
        for loc in local(_data(document))
        if (node := document.find(loc).value) is not None
    ]
    for start, end in sorted(set(spans), reverse=True):
        text = f"{text[:start]}'{MASK}'{text[end:]}"
    return text


def local(data: Any, *, at: Loc = ()) -> Iterator[Loc]:
    """Yield the path of each key that belongs to the controller."""
    if isinstance(data, list):
        for n, item in enumerate(data):
            yield from local(item, at=(*at, n))
    if not isinstance(data, dict):
        return
    for key, value in data.items():
        loc = (*at, key)
        if key in WHOLE or loc == KEY_PATH:
            yield loc
        elif isinstance(value, dict | list):
            if key not in NOT_SECRET:
                yield from local(value, at=loc)
        elif SECRET_KEY.search(key):
            yield loc


def _spots(text: str, *, file: Path) -> list[tuple[int, int, str]]:
    """Return what can be cut out at once, the last first: one key of each mapping."""
    document = Document.parse(text, file=file)
    one_each = {loc[:-1]: loc for loc in local(_data(document))}
    found: list[tuple[int, int, str]] = []
    for loc in one_each.values():
        try:
            found.append(graft.cut(document, loc))
        except CannotSpliceError:
            raise ConfigError(problems=(_problem(document, loc),)) from None
    found.sort(reverse=True)
    return [spot for n, spot in enumerate(found) if n == 0 or spot[1] <= found[n - 1][0]]


def _data(document: Document) -> Any:
    return Plain(document=document).value()


def _problem(document: Document, loc: Loc) -> Problem:
    said = "a password that dcov cannot leave out of the site's file; move it into .secrets.yaml"
    return document.problem(said, loc=loc, key=written(loc))
