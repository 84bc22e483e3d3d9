"""Adding, removing and changing servers in a fleet-config.yaml that people also edit.

The new text is parsed again and compared with what was wanted, then read as a whole site, before
it replaces the file at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from dcov.config import splice
from dcov.config.document import Document
from dcov.config.load import Config, load_source
from dcov.config.plain import Plain
from dcov.config.replace import editing, replace
from dcov.config.source import Source
from dcov.errors import ConfigError, UnknownNameError
from dcov.secret import Secret

Servers = list[dict[str, Any]]
UNSAFE = "is written in a way that dcov cannot change safely; edit it by hand"

Splice = Callable[[Document], str]


def add_server(path: Path, *, server: Mapping[str, object]) -> Config:
    """Append a server with these keys, and return the site as it now is.

    Passwords belong into `.secrets.yaml`: a Secret among the values is refused.
    """
    return add_servers(path, servers=[server])


def add_servers(path: Path, *, servers: Iterable[Mapping[str, object]]) -> Config:
    """Append several servers, all or none of them."""
    items = [{key: value for key, value in one.items() if value is not None} for one in servers]
    for item in items:
        _no_secrets(item)
    with editing(path) as file:
        source, document, before = _open(file)
        text = _spliced(document, lambda old: splice.added(old, *items)) if items else source.text
        return _replace(source, text=text, wanted=[*before, *items])


def remove_server(path: Path, *, name: str) -> Config:
    """Take a server out, and return the site as it now is."""
    with editing(path) as file:
        source, document, servers = _open(file)
        index = _index(servers, name=name)
        text = _spliced(document, lambda before: splice.removed(before, index))
        return _replace(source, text=text, wanted=[*servers[:index], *servers[index + 1 :]])


def set_server(path: Path, *, name: str, keys: Mapping[str, object]) -> Config:
    """Set keys of a server, take away those whose value is None, and return the site."""
    _no_secrets(keys)
    with editing(path) as file:
        source, document, servers = _open(file)
        index = _index(servers, name=name)
        for key, value in keys.items():
            text = _spliced(document, _changing(index, key=key, value=value))
            document = _parsed(text, file=file)
        changed = {
            key: value for key, value in {**servers[index], **keys}.items() if value is not None
        }
        wanted = [*servers[:index], changed, *servers[index + 1 :]]
        return _replace(source, text=document.text, wanted=wanted)


def _changing(index: int, *, key: str, value: object) -> Splice:
    return lambda before: splice.changed(before, index, key, value)


def _open(file: Path) -> tuple[Source, Document, Servers]:
    source = Source.read(file)
    document = Document.parse(source.text, file=file)
    return source, document, _servers(document)


def _data(document: Document) -> dict[str, Any]:
    plain = Plain(document=document)
    data = plain.value()
    if plain.problems or not isinstance(data, dict | None):
        raise ConfigError(problems=tuple(plain.problems))
    return data or {}


def _servers(document: Document) -> Servers:
    servers = _data(document).get("servers", [])
    if not isinstance(servers, list):
        raise ConfigError(problems=(document.problem("must be a list", loc=("servers",)),))
    return servers


def _index(servers: Servers, *, name: str) -> int:
    names = [str(server.get("name", f"server-{n}")) for n, server in enumerate(servers, start=1)]
    if name not in names:
        near = tuple(get_close_matches(name, names))
        known = "`dcov servers list` lists them"
        raise UnknownNameError(kind="server", name=name, nearest=near, known=known)
    return names.index(name)


def _no_secrets(keys: Mapping[str, object]) -> None:
    for key, value in keys.items():
        if isinstance(value, Secret):
            message = "a password is not written here; put it into .secrets.yaml"
            raise ConfigError.about(message, key=key)


def _spliced(document: Document, change: Splice) -> str:
    try:
        return change(document)
    except splice.CannotSpliceError as error:
        message = f"cannot be changed by dcov: {error}; edit the file by hand"
        raise ConfigError.about(message, file=document.file) from error


def _parsed(text: str, *, file: Path) -> Document:
    """Parse what was spliced; it fails where another part of the file refers to what is gone."""
    try:
        return Document.parse(text, file=file)
    except ConfigError as error:
        raise ConfigError.about(UNSAFE, file=file) from error


def _replace(source: Source, *, text: str, wanted: Servers) -> Config:
    """Put the new text in place once it says what was wanted, and nothing else has changed."""
    before = _data(Document.parse(source.text, file=source.file))
    after = _data(_parsed(text, file=source.file))
    if {"servers": [], **after} != {**before, "servers": wanted}:
        raise ConfigError.about(UNSAFE, file=source.file)
    config = load_source(Source(file=source.file, text=text, owner=source.owner, mode=source.mode))
    replace(source, text=text)
    return config
