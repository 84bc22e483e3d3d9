"""The exporters that dcov can install. To add one: a file like node_exporter.py, a line here."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from dcov.errors import UnknownNameError
from dcov.exporters.dc_exporter import DC_EXPORTER
from dcov.exporters.exporter import Exporter
from dcov.exporters.node_exporter import NODE_EXPORTER

CATALOGUE: tuple[Exporter, ...] = (NODE_EXPORTER, DC_EXPORTER)


def choose(names: Iterable[str] | None = None) -> tuple[Exporter, ...]:
    """Return the exporters of these names (`node_exporter`, or its job `node`); all for None."""
    if names is None:
        return CATALOGUE
    known = {key: item for item in CATALOGUE for key in (item.name, item.job)}
    chosen: list[Exporter] = []
    for name in names:
        if name not in known:
            near = tuple(difflib.get_close_matches(name, known, n=2))
            listed = "known: " + ", ".join(item.name for item in CATALOGUE)
            raise UnknownNameError(kind="exporter", name=name, nearest=near, known=listed)
        if known[name] not in chosen:
            chosen.append(known[name])
    return tuple(chosen)
