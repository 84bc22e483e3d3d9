"""A configuration's text with what another copy of the site has changed since.

By lines where that does it, so that the comments of both sides stay; else entry by entry in one of
the two. Either way the new text is parsed and must say what the merge of the data says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dcov.config import graft, splice
from dcov.config.document import Document, Loc, written
from dcov.config.line_merge import merge_lines
from dcov.config.plain import Plain
from dcov.config.shared import masked, shared
from dcov.config.splice import CannotSpliceError
from dcov.config.three_way import (
    GONE,
    SERVERS,
    Clash,
    Edit,
    applied,
    compare_three,
    index_of,
    same,
)
from dcov.errors import ConfigError, Problem

UNSAFE = "is written in a way that dcov cannot merge safely; take the changes over by hand"


def take_over(
    ours: str, *, base: str | None, theirs: str, file: Path, keep_ours: bool | None = None
) -> str:
    """Return our text with their changes since `base`.

    Raises ConfigError that names both sides of each clash, unless `keep_ours` says whose value is
    to be kept. Without a base whatever differs is a clash.
    """
    if ours == base:
        return theirs
    document = _parsed(ours, file=file)
    data, other = _data(ours, file=file), _data(theirs, file=file)
    before = None if base is None else _data(base, file=file)
    edits, clashes = compare_three(before, ours=data, theirs=other)
    if clashes and keep_ours is None:
        raise ConfigError(problems=tuple(_said(clashes, ours=document, theirs=theirs)))
    if keep_ours is False:
        edits += tuple(Edit(loc=clash.loc, value=clash.theirs) for clash in clashes)
    wanted = applied(data, edits)
    for text in _by_lines(ours, base=base, theirs=theirs):
        if _says(text, wanted, file=file):
            return text
    try:
        if not clashes and same(_data(shared(ours, file=file), file=file), applied(before, ())):
            # Only passwords and the like are ours: their layout need not give way to an old one.
            back, _ = compare_three(before, ours=other, theirs=data)
            text = _edited(theirs, back, file=file)
        else:
            text = _edited(ours, edits, file=file)
    except CannotSpliceError as error:
        raise ConfigError.about(
            f"cannot be merged by dcov: {error}; edit it by hand", file=file
        ) from error
    if not _says(text, wanted, file=file):
        raise ConfigError.about(UNSAFE, file=file)
    return text


def _by_lines(ours: str, *, base: str | None, theirs: str) -> Iterator[str]:
    """Yield what a merge by lines makes: the comments of both sides stay, as far as it goes."""
    for ours_first in (True, False):
        text = merge_lines(base or "", ours=ours, theirs=theirs, ours_first=ours_first)
        if base is not None and text is not None:
            yield text


def _says(text: str, wanted: Any, *, file: Path) -> bool:
    try:
        plain = Plain(document=_parsed(text, file=file))
    except ConfigError:
        return False
    return same(plain.value(), wanted) and not plain.problems


def _edited(text: str, edits: Iterable[Edit], *, file: Path) -> str:
    new: list[dict[str, Any]] = []
    for edit in edits:
        document = _parsed(text, file=file)
        if len(edit.loc) == len(SERVERS) + 1 and edit.loc[:1] == SERVERS:
            at = index_of(_data(text, file=file), str(edit.loc[1]))
            if at is not None:
                text = splice.removed(document, at)
            if edit.value is not GONE:
                new.append(edit.value)
            continue
        loc = _place(edit.loc, data=_data(text, file=file))
        if edit.value is GONE:
            text = graft.drop(document, loc)
        else:
            text = graft.put(document, loc, edit.value)
    return splice.added(_parsed(text, file=file), *new) if new else text


def _place(loc: Loc, *, data: Any) -> Loc:
    """Return the path in the text: a server stands there by its number."""
    if loc[:1] != SERVERS or len(loc) == 1:
        return loc
    at = index_of(data, str(loc[1]))
    if at is None:
        raise CannotSpliceError(f"there is no server {loc[1]}")
    return (*SERVERS, at, *loc[2:])


def _said(clashes: Iterable[Clash], *, ours: Document, theirs: str) -> Iterable[Problem]:
    """Name each clash at our line, with theirs; what is a password is masked in both."""
    mine = Document.parse(masked(ours.text, file=ours.file), file=ours.file)
    other = Document.parse(masked(theirs, file=ours.file), file=ours.file)
    for clash in clashes:
        here, there = (_here(one, clash.loc) for one in (mine, other))
        yield ours.problem(
            f"changed here ({_words(mine, here)}) and on the master "
            f"({_words(other, there)}); make both alike, or say which to keep",
            loc=here,
            key=written(clash.loc),
        )


def _here(document: Document, loc: Loc) -> Loc:
    data = Plain(document=document).value()
    try:
        return _place(loc, data=data)
    except CannotSpliceError:
        return SERVERS


def _words(document: Document, loc: Loc) -> str:
    place = document.find(loc)
    node = place.value
    if node is None or place.loc != loc or loc == SERVERS:
        return "removed"
    line = document.text.splitlines()[(place.key or node).start_mark.line].strip()
    return f"line {(place.key or node).start_mark.line + 1}: {line}"


def _parsed(text: str, *, file: Path) -> Document:
    return Document.parse(text, file=file)


def _data(text: str, *, file: Path) -> Any:
    return Plain(document=_parsed(text, file=file)).value()
