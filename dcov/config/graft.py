"""Any key of a file set or taken away in its text: comments and order stay.

`splice` knows the list of servers; here a key is found by its path.
"""

from __future__ import annotations

from yaml.nodes import MappingNode, Node

from dcov.config import splice
from dcov.config.document import Document, Loc, written
from dcov.config.splice import CannotSpliceError, Text, dump, set_new, set_old


def put(document: Document, loc: Loc, value: object) -> str:
    """Return the text with this value at this path, which is made as far as it is missing."""
    key = str(loc[-1])
    holder = _mapping(document, loc[:-1])
    if holder is not None:
        own = _own(holder, key)
        return set_old(document, own, value) if own else set_new(document, holder, {key: value})
    if len(loc) == 1:
        if document.root is not None:
            raise CannotSpliceError("the file is no mapping")
        text = Text(document)
        return text.put_lines(len(document.text), dump({key: value}))
    return put(document, loc[:-1], {key: value})


def drop(document: Document, loc: Loc) -> str:
    """Return the text without the key at this path, and without what it leaves empty."""
    return Text(document).put(*cut(document, loc))


def cut(document: Document, loc: Loc) -> tuple[int, int, str]:
    """Return from where to where `drop` takes text out, and what it puts there."""
    holder = _mapping(document, loc[:-1])
    own = _own(holder, str(loc[-1])) if holder is not None else None
    if holder is None or own is None:
        raise CannotSpliceError(f"{written(loc)} comes from an alias (`<<`)")
    if len(holder.value) > 1 or len(loc) == 1:
        return splice.cut(document, holder, own)
    if not isinstance(loc[-2], str):
        raise CannotSpliceError(f"{written(loc)} is the only key there")
    return cut(document, loc[:-1])


def _mapping(document: Document, loc: Loc) -> MappingNode | None:
    """Return the mapping at this path; None where nothing, or nothing but null, stands there."""
    place = document.find(loc)
    if place.loc != loc:
        return None
    if isinstance(place.value, MappingNode):
        return place.value
    if place.value is not None and document.source(place.value).strip() not in {"", "null", "~"}:
        raise CannotSpliceError(f"{written(loc)} is no mapping")
    return None


def _own(holder: MappingNode, key: str) -> tuple[Node, Node] | None:
    return next((pair for pair in holder.value if pair[0].value == key), None)
