"""Which servers a pattern means, in the language of Ansible's host patterns.

Terms are separated by `:` or `,`. A term is a name, a group, a glob, or `~` and a regular
expression; `[0]`, `[-1]`, `[0:2]` (the third included) take some of what it matches. `&` before a
term keeps only those servers, `!` leaves them out; both act on all the other terms together,
wherever they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from dcov.errors import UnknownNameError
from dcov.inventory.entry import Entry
from dcov.inventory.groups import groups_of
from dcov.inventory.nearest import nearest_names
from dcov.inventory.site import Site

SUBSCRIPT = re.compile(r"(?P<of>.+)\[(?:(?P<one>-?[0-9]+)|(?P<first>[0-9]*):(?P<last>[0-9]*))\]")
OPENING, CLOSING = "([{", ")]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One part of a pattern: a sign (`&`, `!` or none), and what it matches."""

    text: str
    sign: str = ""

    @classmethod
    def parse(cls, text: str) -> Term:
        """Split the sign off."""
        return cls(text=text[1:], sign=text[0]) if text[0] in "&!" else cls(text=text)


def select(site: Site, pattern: str) -> tuple[Entry, ...]:
    """Return the servers that the pattern means, in the order of declaration.

    A term that matches nothing is an UnknownNameError, also behind `!`: leaving out a server by a
    mistyped name would run on it.
    """
    terms = [Term.parse(text) for text in _split(pattern)]
    if not terms:
        raise UnknownNameError(kind="server", name=pattern, known="`all` means every server")
    named = {sign: [_match(site, term) for term in terms if term.sign == sign] for sign in "&!"}
    plain = [_match(site, term) for term in terms if not term.sign]
    chosen = set().union(*plain) if plain else set(site.entries)
    chosen = chosen.intersection(*named["&"]).difference(*named["!"])
    return tuple(entry for name, entry in site.entries.items() if name in chosen)


def _split(pattern: str) -> Iterator[str]:
    """Split at `:` and `,` outside of brackets."""
    depth, term = 0, ""
    for character in pattern:
        depth += (character in OPENING) - (character in CLOSING)
        if character in ":," and depth <= 0:
            yield from _term(term)
            term = ""
        else:
            term += character
    yield from _term(term)


def _term(text: str) -> Iterator[str]:
    if text.strip():
        yield text.strip()


def _match(site: Site, term: Term) -> frozenset[str]:
    text, part = _subscript(term.text)
    found = [entry.name for entry in site.entries.values() if _matches(entry, text=text)]
    if not found:
        raise _unknown(site, text)
    if part is not None and not found[part]:
        one = "1 server" if len(found) == 1 else f"{len(found)} servers"
        raise UnknownNameError(kind="server", name=term.text, known=f"{text} matches {one}")
    return frozenset(found[part] if part is not None else found)


def _subscript(text: str) -> tuple[str, slice | None]:
    """Split `[...]` off, as a slice; Ansible's include their last."""
    found = None if text.startswith("~") else SUBSCRIPT.fullmatch(text)
    if found is None:
        return text, None
    if found["one"] is not None:
        one = int(found["one"])
        return found["of"], slice(one, one + 1 or None)
    last = int(found["last"]) + 1 if found["last"] else None
    return found["of"], slice(int(found["first"] or 0), last)


def _matches(entry: Entry, *, text: str) -> bool:
    names = (entry.name, *groups_of(entry))
    if text.startswith("~"):
        return any(_regex(text[1:]).match(name) for name in names)
    return any(fnmatchcase(name, text) for name in names)


def _regex(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        known = f"not a regular expression: {error}"
        raise UnknownNameError(kind="server", name=f"~{text}", known=known) from error


def _unknown(site: Site, text: str) -> UnknownNameError:
    groups = {group for entry in site.entries.values() for group in groups_of(entry)}
    names = (*site.entries, *sorted(groups))
    known = "`dcov servers list` lists them" if site.entries else "the site has no servers"
    near = nearest_names(text.strip("~*?"), among=names)
    return UnknownNameError(kind="server or group", name=text, nearest=near, known=known)
