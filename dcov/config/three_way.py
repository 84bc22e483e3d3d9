"""Two changed copies of one site brought together, entry by entry.

What only the other side changed is taken over; what both changed differently is a clash. Servers
are told apart by their names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from dcov.config.document import Loc


class Gone(Enum):
    """Nothing stands there."""

    GONE = "gone"


GONE = Gone.GONE
SERVERS: Loc = ("servers",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What must be done to our side: this value, or nothing, at this path.

    A server stands in the path by its name.
    """

    loc: Loc
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """An entry that both sides changed, and not alike; each value may be GONE."""

    loc: Loc
    ours: Any
    theirs: Any


def compare_three(
    base: Any, *, ours: Any, theirs: Any
) -> tuple[tuple[Edit, ...], tuple[Clash, ...]]:
    """Return what to do to our side to take over what the other did since `base`.

    The three are whole configurations as plain data; None stands for an empty one.
    """
    found = list(_compare(_keyed(base), ours=_keyed(ours), theirs=_keyed(theirs), loc=()))
    edits = tuple(item for item in found if isinstance(item, Edit))
    return edits, tuple(item for item in found if isinstance(item, Clash))


def applied(data: Any, edits: tuple[Edit, ...]) -> Any:
    """Return the data as it is after these edits, in the form that `same` compares."""
    keyed = _keyed(data)
    for edit in edits:
        holder: Any = keyed
        for step in edit.loc[:-1]:
            holder = holder.setdefault(step, {})
        if edit.value is GONE:
            holder.pop(edit.loc[-1], None)
        else:
            holder[edit.loc[-1]] = edit.value
    return keyed


def same(data: Any, wanted: Any) -> bool:
    """Whether the data is what `applied` says; what is empty counts for nothing."""
    return bool(_pruned(_keyed(data)) == _pruned(wanted))


def index_of(data: Any, name: str) -> int | None:
    """Return where in the list the server of this name stands."""
    names = list(_keyed(data)["servers"])
    return names.index(name) if name in names else None


def _compare(base: Any, *, ours: Any, theirs: Any, loc: Loc) -> Iterator[Edit | Clash]:
    if theirs in (base, ours):
        return
    if isinstance(ours, dict) and isinstance(theirs, dict):
        before = base if isinstance(base, dict) else {}
        for key in dict.fromkeys((*ours, *theirs)):
            yield from _compare(
                before.get(key, GONE),
                ours=ours.get(key, GONE),
                theirs=theirs.get(key, GONE),
                loc=(*loc, key),
            )
    elif ours == base:
        yield Edit(loc=loc, value=theirs)
    else:
        yield Clash(loc=loc, ours=ours, theirs=theirs)


def _keyed(data: Any) -> dict[str, Any]:
    """Return a copy with the servers by name, each with its name written out."""
    whole = _copy(data) if isinstance(data, dict) else {}
    servers = whole.get("servers")
    whole["servers"] = {}
    for n, server in enumerate(servers if isinstance(servers, list) else (), start=1):
        if isinstance(server, dict):
            name = str(server.get("name", f"server-{n}"))
            whole["servers"][name] = {"name": name, **server}
    return whole


def _copy(value: Any) -> Any:
    match value:
        case dict():
            return {key: _copy(inner) for key, inner in value.items()}
        case list():
            return [_copy(inner) for inner in value]
    return value


def _pruned(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _pruned(one) for key, one in value.items()}
    return {key: one for key, one in inner.items() if one != {}}
