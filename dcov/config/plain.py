"""From YAML nodes to plain values, noting every fault on the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from yaml.constructor import ConstructorError, SafeConstructor
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from dcov.config.document import MERGE, Document, Loc, pairs, written
from dcov.config.references import ReferenceFailedError
from dcov.errors import Problem

DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)")

# PyYAML takes it for granted that a value fits its tag: 2026-02-31, `!!bool maybe`, `!!float ""`.
MISFITS = (ValueError, KeyError, IndexError, AttributeError, TypeError, OverflowError)
ODD_NUMBER = (
    "YAML 1.1 reads this as octal, hexadecimal or base 60; "
    "write plain digits, or quote it if it is text"
)


def as_written(text: str) -> str:
    """Follow no reference."""
    return text


@dataclass(slots=True, kw_only=True)
class Plain:
    """Constructs what a document says; `problems` are those found so far.

    null and an empty text mean that a key is not set, and its pair is left out: the existing
    product saves every key that it knows, most of them so. A list keeps its nulls.
    """

    document: Document
    follow: Callable[[str], str] = as_written
    problems: list[Problem] = field(default_factory=list)
    _scalars: SafeConstructor = field(default_factory=SafeConstructor)
    _done: dict[int, object] = field(default_factory=dict)
    _open: set[int] = field(default_factory=set)

    def value(self) -> object:
        """Return the whole document; None where it is empty."""
        root = self.document.root
        return None if root is None else self._value(root, ())

    def _value(self, node: Node, loc: Loc) -> object:
        # An alias is the node that it names, so each node is constructed once.
        if id(node) in self._open:
            self._fault(node, "this value contains itself", loc)
            return None
        if id(node) not in self._done:
            self._open.add(id(node))
            self._done[id(node)] = self._construct(node, loc)
            self._open.remove(id(node))
        return self._done[id(node)]

    def _construct(self, node: Node, loc: Loc) -> object:
        if isinstance(node, MappingNode):
            return self._mapping(node, loc)
        if isinstance(node, SequenceNode):
            return [self._value(item, (*loc, n)) for n, item in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        return self._scalar(node, loc)

    def _mapping(self, node: MappingNode, loc: Loc) -> dict[str, object]:
        self._doubles(node, loc)
        mapping: dict[str, object] = {}
        for key, value in pairs(node):
            if not isinstance(key, ScalarNode) or not isinstance(self._scalar(key, loc), str):
                self._fault(key, "a key must be text; quote it", loc)
                continue
            constructed = self._value(value, (*loc, key.value))
            if constructed is not None and constructed != "":
                mapping[key.value] = constructed
        return mapping

    def _doubles(self, node: MappingNode, loc: Loc) -> None:
        first: dict[str, Node] = {}
        for key, _ in node.value:
            if not isinstance(key, ScalarNode) or key.tag == MERGE:
                continue
            if key.value in first:
                line = first[key.value].start_mark.line + 1
                message = f"stands twice; the first is in line {line}"
                self._fault(key, message, (*loc, key.value))
            first.setdefault(key.value, key)

    def _scalar(self, node: ScalarNode, loc: Loc) -> object:
        try:
            value: object = self._scalars.construct_object(node)
        except ConstructorError:
            self._fault(node, "an unknown YAML tag; quote a value that begins with `!`", loc)
            return None
        except MISFITS:
            self._fault(node, "is no valid number, date or tagged value; quote it", loc)
            return None
        if type(value) is int and not DECIMAL.fullmatch(node.value):
            # The value itself is not repeated: it may be a password that nobody quoted.
            self._fault(node, ODD_NUMBER, loc)
        if isinstance(value, str):
            try:
                return self.follow(value)
            except ReferenceFailedError as error:
                self._fault(node, str(error), loc)
                return None
        return value

    def _fault(self, node: Node, message: str, loc: Loc) -> None:
        self.problems.append(self.document.problem_at(node, message, key=written(loc)))
