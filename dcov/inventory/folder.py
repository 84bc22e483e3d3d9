"""A folder with hosts.yaml, groups.yaml and defaults.yaml, as Nornir's SimpleInventory reads it.

SimpleInventory passes over a mistyped key and dies of an empty host, so the files are looked at
before it reads them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nornir.plugins.inventory import SimpleInventory
from pydantic import BaseModel
from yaml.nodes import MappingNode, Node

from dcov.config.document import Document, Loc, pairs, written
from dcov.config.notice import Notice
from dcov.config.plain import Plain
from dcov.config.reading import M, nearest, read
from dcov.config.source import Source
from dcov.errors import ConfigError, Problem
from dcov.inventory.host import DefaultsFile, Element, GroupsFile, HostData, HostsFile
from dcov.inventory.of_hosts import from_nornir
from dcov.inventory.site import Site

HOSTS, GROUPS, DEFAULTS = "hosts.yaml", "groups.yaml", "defaults.yaml"
NULL = "tag:yaml.org,2002:null"
ALMOST = 0.85  # how like one of our keys a user's own must be to be taken for a slip


def load_folder(folder: Path | str) -> Site:
    """Read a folder that Nornir's SimpleInventory reads, and say first what is wrong with it."""
    folder = Path(folder)
    faults: list[Problem] = []
    hosts, hosts_file = _read(folder / HOSTS, model=HostsFile, faults=faults, folder=folder)
    groups, groups_file = _read(folder / GROUPS, model=GroupsFile, faults=faults, folder=folder)
    defaults, _ = _read(folder / DEFAULTS, model=DefaultsFile, faults=faults, folder=folder)
    if hosts_file and groups_file:
        faults += _groups(hosts, elements=hosts_file.root, known=groups_file.root)
        faults += _groups(groups, elements=groups_file.root, known=groups_file.root)
    if faults:
        raise ConfigError(problems=tuple(faults))
    inventory = SimpleInventory(
        host_file=str(folder / HOSTS),
        group_file=str(folder / GROUPS),
        defaults_file=str(folder / DEFAULTS),
    ).load()
    slips = [slip for document in (hosts, groups, defaults) for slip in _slips(document)]
    return from_nornir(inventory, path=folder, notices=tuple(slips))


def _read(
    file: Path, *, model: type[M], faults: list[Problem], folder: Path
) -> tuple[Document, M | None]:
    """Read one of the files; only hosts.yaml must be there."""
    if file.name != HOSTS and not file.exists():
        return Document(file=file, text="", root=None), model.model_validate({})
    source = Source.read(file)
    document = Document.parse(source.text, file=file)
    plain = Plain(document=document)
    reading = read(document, plain.value(), model=model, context=folder.absolute())
    faults += [*plain.problems, *_empty(document, model=model), *reading.problems]
    return document, reading.model


def _empty(document: Document, *, model: type[BaseModel]) -> Iterator[Problem]:
    """Find what SimpleInventory dies of: null where it expects a mapping."""
    elements = [(document.root, ())] if model is DefaultsFile else list(_elements(document))
    for element, loc in elements:
        if element is not None and element.tag == NULL:
            message = "nothing stands here; write `{}` where everything is inherited"
            yield document.problem(message, loc=loc, at_key=True)
        for key, value in pairs(element) if isinstance(element, MappingNode) else ():
            if key.value == "connection_options" and value.tag == NULL:
                message = "nothing stands here; leave the key out"
                yield document.problem(message, loc=(*loc, key.value), at_key=True)


def _elements(document: Document) -> Iterator[tuple[Node, Loc]]:
    if isinstance(document.root, MappingNode):
        for key, value in pairs(document.root):
            yield value, (key.value,)


def _groups(
    document: Document, *, elements: Mapping[str, Element], known: Mapping[str, Element]
) -> Iterator[Problem]:
    """Find groups that do not exist, and those that inherit from themselves."""
    for name, element in elements.items():
        for n, group in enumerate(element.groups):
            if group not in known:
                message = f"no group is called {group!r}; {nearest(group, among=tuple(known))}"
                yield document.problem(message, loc=(name, "groups", n))
        if elements is known and _inherits(name, of=name, known=known):
            message = f"{name} inherits from itself"
            yield document.problem(message, loc=(name, "groups"))


def _inherits(name: str, *, of: str, known: Mapping[str, Element]) -> bool:
    seen: set[str] = set()
    ahead = [*known[of].groups]
    while ahead:
        group = ahead.pop()
        if group not in seen and group in known:
            seen.add(group)
            ahead += known[group].groups
    return name in seen


def _slips(document: Document) -> Iterator[Notice]:
    """Find keys of the user's own data that may have been meant to be ours."""
    holders: list[Loc] = [("data",)] if document.file.name == DEFAULTS else []
    holders += [(*loc, "data") for _, loc in _elements(document)]
    ours = tuple(HostData.model_fields)
    for loc in holders:
        place = document.find(loc)
        data: Any = place.value if place.loc == loc else None
        for key, _ in pairs(data) if isinstance(data, MappingNode) else ():
            close = difflib.get_close_matches(key.value, ours, n=1, cutoff=ALMOST)
            if close and close[0] != key.value:
                yield Notice(
                    file=document.file,
                    line=key.start_mark.line + 1,
                    key=written((*loc, key.value)),
                    message=f"means nothing to dcov; did you mean {close[0]}?",
                )
