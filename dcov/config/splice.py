"""Changes to the servers of a configuration, made in its text: comments and order stay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from dcov.config.document import Document

WIDE = 10_000  # columns before PyYAML would fold a line


class CannotSpliceError(ValueError):
    """The text is written in a way that only a person should change."""


@dataclass(frozen=True, slots=True)
class Text:
    """A document's text with positions in it: line starts, line ends, the end of a node."""

    document: Document

    @property
    def text(self) -> str:
        """The whole text."""
        return self.document.text

    @property
    def newline(self) -> str:
        """How its lines end."""
        return "\r\n" if "\r\n" in self.text else "\n"

    def line_start(self, index: int) -> int:
        """Return where the line of this position begins."""
        return self.text.rfind("\n", 0, index) + 1

    def line_end(self, index: int) -> int:
        """Return where the next line begins."""
        found = self.text.find("\n", index)
        return len(self.text) if found < 0 else found + 1

    def put(self, start: int, end: int, new: str) -> str:
        """Return the text with this part of it replaced."""
        return self.text[:start] + new + self.text[end:]

    def put_lines(self, at: int, lines: str) -> str:
        """Return the text with whole lines put in at the beginning of a line."""
        lines = lines.replace("\n", self.newline)
        missing = "" if at == 0 or self.text[at - 1] == "\n" else self.newline
        return self.put(at, at, missing + lines)


def end_of(node: Node) -> int:
    """Return where a node's last character stands.

    The mark of a block's own end lies behind the comments and empty lines that follow it.
    """
    if not is_block(node) or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return end_of(last[1] if isinstance(last, tuple) else last)


def is_block(node: Node) -> bool:
    """Whether it is a mapping or a list that indentation makes, not brackets."""
    return isinstance(node, MappingNode | SequenceNode) and not node.flow_style


def added(document: Document, *items: Mapping[str, object]) -> str:
    """Return the text with more servers at the end of the list."""
    text = Text(document)
    servers = document.find(("servers",))
    if (
        servers.key is None
        and isinstance(document.root, MappingNode)
        and not is_block(document.root)
    ):
        return set_new(document, document.root, {"servers": [dict(item) for item in items]})
    if servers.key is None:
        head = "servers:\n" + _blocks(items, indent=2)
        return text.put_lines(len(document.text), head)
    node = servers.value
    if isinstance(node, SequenceNode) and node.value and not node.flow_style:
        return text.put_lines(
            text.line_end(_content_end(text, node)), _blocks(items, indent=node.start_mark.column)
        )
    if isinstance(node, SequenceNode) and node.value:
        end = end_of(node.value[-1])
        return text.put(end, end, "".join(f", {flow(item)}" for item in items))
    # An empty list or nothing at all: what stands behind the colon makes room for a block.
    assert isinstance(node, Node)
    colon = document.text.index(":", servers.key.end_mark.index) + 1
    end = max(colon, node.end_mark.index) if document.source(node).strip() else colon
    emptied = Document(
        file=document.file,
        text=document.text[:colon] + document.text[end:],
        root=document.root,
    )
    indent = servers.key.start_mark.column + 2
    return Text(emptied).put_lines(Text(emptied).line_end(colon), _blocks(items, indent=indent))


def removed(document: Document, index: int) -> str:
    """Return the text without this server."""
    text, servers = Text(document), document.find(("servers",))
    node = servers.value
    assert isinstance(node, SequenceNode)
    assert servers.key is not None
    if len(node.value) == 1:
        colon = document.text.index(":", servers.key.end_mark.index) + 1
        if node.flow_style:
            return text.put(node.start_mark.index, node.end_mark.index, "[]")
        first, last = _lines_of(text, node, 0)
        return document.text[:colon] + " []" + document.text[colon:first] + document.text[last:]
    if not node.flow_style:
        first, last = _lines_of(text, node, index)
        return text.put(first, last, "")
    item = node.value[index]
    if index:
        return text.put(end_of(node.value[index - 1]), end_of(item), "")
    return text.put(item.start_mark.index, node.value[1].start_mark.index, "")


def changed(document: Document, index: int, key: str, value: object) -> str:
    """Return the text with this key of this server set, or taken away where value is None."""
    place = document.find(("servers", index, key))
    item = document.find(("servers", index)).value
    if not isinstance(item, MappingNode):
        raise CannotSpliceError("this server is not written as a mapping")
    own = next((pair for pair in item.value if pair[0].value == key), None)
    if own is None:
        if place.key is not None and place.loc[-1] == key:
            raise CannotSpliceError(f"{key} comes from an alias (`<<`)")
        return document.text if value is None else set_new(document, item, {key: value})
    if value is None:
        return unset(document, item, own)
    return set_old(document, own, value)


def flow(value: object) -> str:
    """Return a value in the form that stands on one line, quoted where it must be."""
    return dump(value, flow_style=True).strip().removesuffix("\n...").strip()


def set_new(document: Document, item: MappingNode, pair: Mapping[str, object]) -> str:
    """Return the text with this pair at the end of the mapping."""
    text = Text(document)
    if item.flow_style:
        end = end_of(item.value[-1][1]) if item.value else item.start_mark.index + 1
        comma = ", " if item.value else ""
        return text.put(end, end, comma + flow(pair)[1:-1])
    column = item.value[0][0].start_mark.column
    lines = _indented(dump(pair), indent=column)
    return text.put_lines(text.line_end(_content_end(text, item)), lines)


def set_old(document: Document, pair: tuple[Node, Node], value: object) -> str:
    """Return the text with another value behind this key."""
    text, (key, old) = Text(document), pair
    if not is_block(old):
        if not document.source(old).strip():  # `key:` and nothing behind it
            colon = document.text.index(":", key.end_mark.index) + 1
            return text.put(colon, colon, " " + flow(value))
        if isinstance(old, ScalarNode) and old.style in {"|", ">"}:
            raise CannotSpliceError("a block of text stands here")
        return text.put(old.start_mark.index, old.end_mark.index, flow(value))
    colon = document.text.index(":", key.end_mark.index) + 1
    end = _content_end(text, old)
    return text.put(colon, end, " " + flow(value))


def unset(document: Document, item: MappingNode, pair: tuple[Node, Node]) -> str:
    """Return the text without this pair of the mapping."""
    return Text(document).put(*cut(document, item, pair))


def cut(document: Document, item: MappingNode, pair: tuple[Node, Node]) -> tuple[int, int, str]:
    """Return from where to where this pair of the mapping is taken out, and what is put there."""
    text, at, alone = Text(document), item.value.index(pair), len(item.value) == 1
    if alone and item is not document.root:
        raise CannotSpliceError("this is the only key there")
    if item.flow_style:
        if alone:
            return item.start_mark.index, item.end_mark.index, "{}"
        if at:
            return end_of(item.value[at - 1][1]), end_of(pair[1]), ""
        return pair[0].start_mark.index, item.value[1][0].start_mark.index, ""
    start = pair[0].start_mark.index
    if text.text[text.line_start(start) : start].strip():  # it shares its line with a dash
        return start, item.value[1][0].start_mark.index, ""
    return text.line_start(start), text.line_end(_content_end(text, pair[1])), ""


def _content_end(text: Text, node: Node) -> int:
    """Return where the node's content ends; a scalar's mark may lie on the next line."""
    start, end = node.start_mark.index, end_of(node)
    return start + len(text.text[start:end].rstrip())


def _lines_of(text: Text, node: SequenceNode, index: int) -> tuple[int, int]:
    """Return the first and last position of the lines of one item, its dash included."""
    item, column = node.value[index], node.start_mark.column
    start = text.line_start(item.start_mark.index)
    while text.text[start : start + column].strip() or text.text[start + column] != "-":
        if start == 0:
            raise CannotSpliceError("the list's dashes are not where they are expected")
        start = text.line_start(start - 1)
    return start, text.line_end(_content_end(text, item))


def _blocks(items: Iterable[Mapping[str, object]], *, indent: int) -> str:
    return "".join(_block(item, indent=indent) for item in items)


def _block(item: Mapping[str, object], *, indent: int) -> str:
    lines = _indented(dump(item), indent=indent + 2)
    return lines[:indent] + "- " + lines[indent + 2 :]


def _indented(lines: str, *, indent: int) -> str:
    return "".join(f"{' ' * indent}{line}\n" for line in lines.rstrip("\n").split("\n"))


def dump(value: Any, *, flow_style: bool = False) -> str:
    """Return a value as YAML, quoted where it must be, no line of it folded."""
    made = partial(
        yaml.safe_dump, value, sort_keys=False, default_flow_style=flow_style, width=WIDE
    )
    dumped = str(made(allow_unicode=True))
    # Unescaped, PyYAML folds these line ends of Unicode's into a space or a line of its own.
    return str(made(allow_unicode=False)) if set(dumped) & set("\x85\u2028\u2029") else dumped
