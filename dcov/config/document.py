"""A YAML file as nodes, so that everything said about it has a line and a column."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

from dcov.errors import ConfigError, Problem

# PyYAML may be built without libyaml; both read YAML 1.1, as the existing product does.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 100  # levels; libyaml's composer ends the whole process when it runs out of stack
MERGE = "tag:yaml.org,2002:merge"

Loc = tuple[str | int, ...]

# YAML's own words for these do not help, or would repeat a value that may be a password.
CLEARER = {
    "undefined alias": "`*` begins an alias that is nowhere defined; quote the value",
    "cannot start any token": "no value may begin with this character; quote it",
    "mapping values are not allowed": (
        "`: ` inside a value, or a line indented wrongly; quote the value or align the key"
    ),
    "found another document": "a second document begins here; one file is one site",
    "node content": "a value or a closing bracket is missing here",
}
# What YAML takes from no file; found here, because libyaml counts its place in bytes. Compiled at
# its first use: 8 ms.
UNREADABLE = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a key path leads: the value's node, its key's node, and the path that exists."""

    value: Node | None
    key: Node | None
    loc: Loc


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One YAML file: its text and the nodes that it consists of."""

    file: Path
    text: str
    root: Node | None

    @classmethod
    def parse(cls, text: str, *, file: Path) -> Document:
        """Parse the text; a fault of syntax is a ConfigError at its place."""
        _check_characters(text, file=file)
        try:
            _check_depth(text, file=file)
            root = yaml.compose(text, Loader=LOADER)
        except yaml.MarkedYAMLError as error:
            raise _syntax(
                error, file=file, text=text
            ) from None  # its context could show a password
        return cls(file=file, text=text, root=root)

    def find(self, loc: Loc) -> Place:
        """Follow the path as far as it exists; steps that lead nowhere are passed over."""
        key: Node | None = None
        value, found = self.root, []
        for step in loc:
            if isinstance(value, MappingNode):
                named = [pair for pair in pairs(value) if pair[0].value == step]
                if named:
                    key, value = named[-1]  # of a key that stands twice the last counts
                    found.append(step)
            elif isinstance(value, SequenceNode) and isinstance(step, int):
                key, value = None, value.value[step]
                found.append(step)
        return Place(value=value, key=key, loc=tuple(found))

    def problem(
        self, message: str, *, loc: Loc = (), key: str = "", at_key: bool = False
    ) -> Problem:
        """Say what is wrong at the end of this path."""
        place = self.find(loc)
        node = (place.key or place.value) if at_key else place.value
        return self.problem_at(node, message, key=key or written(place.loc))

    def problem_at(self, node: Node | None, message: str, *, key: str) -> Problem:
        """Say what is wrong at this node."""
        line, column = (node.start_mark.line, node.start_mark.column) if node else (0, 0)
        return Problem(file=self.file, line=line + 1, column=column + 1, key=key, message=message)

    def source(self, node: Node) -> str:
        """Return the text between the node's marks, quotes included."""
        return self.text[node.start_mark.index : node.end_mark.index]


def pairs(node: MappingNode) -> Iterator[tuple[Node, Node]]:
    """Yield keys and values of a mapping, its own first, then those that `<<` merges into it."""
    given: set[str] = set()
    for mapping in _merged(node, ()):
        theirs = [pair for pair in mapping.value if pair[0].tag != MERGE]
        yield from (pair for pair in theirs if str(pair[0].value) not in given)
        given.update(str(key.value) for key, _ in theirs)


def _merged(node: MappingNode, above: tuple[MappingNode, ...]) -> Iterator[MappingNode]:
    yield node
    for key, value in node.value:
        if key.tag == MERGE:
            wanted = value.value if isinstance(value, SequenceNode) else [value]
            for one in wanted:
                if isinstance(one, MappingNode) and one not in (node, *above):
                    yield from _merged(one, (*above, node))


def written(loc: Loc) -> str:
    """Write a key path as people do: `servers[2].ssh_port`."""
    text = ""
    for step in loc:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _check_characters(text: str, *, file: Path) -> None:
    found = re.search(UNREADABLE, text)
    if found is not None:
        head = text[: found.start()]
        line, column = head.count("\n") + 1, len(head) - head.rfind("\n")
        said = f"a control character (U+{ord(found[0]):04X}) stands here"
        raise ConfigError.about(said, file=file, line=line, column=column)


def _check_depth(text: str, *, file: Path) -> None:
    """Refuse what is nested too deeply, before a composer calls itself for each level."""
    brackets = text.count("[") + text.count("{")
    if brackets + max(map(len, text.splitlines()), default=0) <= DEEPEST:
        return  # each level takes a bracket, or a column of its own
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            mark: Any = event.start_mark
            said = f"nested more than {DEEPEST} levels deep"
            line, column = mark.line + 1, mark.column + 1
            raise ConfigError.about(said, file=file, line=line, column=column)


def _syntax(error: yaml.MarkedYAMLError, *, file: Path, text: str) -> ConfigError:
    said = error.problem or error.context or "not YAML"
    mark = error.problem_mark or error.context_mark
    message = next((clear for own, clear in CLEARER.items() if own in said), said)
    if mark and text[mark.index : mark.index + 1] == "\t":
        message = "a tab stands here; YAML is indented with spaces"
    elif message == said and error.context and error.context_mark:
        message = f"{said}, {error.context} that begins in line {error.context_mark.line + 1}"
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return ConfigError.about(message, file=file, line=line, column=column)
