"""What was found of a site: one verdict for each thing that was looked at."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

VERSION = 1  # of the JSON form


class Level(StrEnum):
    """How well a thing is."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


class Layer(StrEnum):
    """What is looked at, from the machines up to what people see."""

    SERVERS = "servers"
    CLOCK = "clock"
    DISK = "disk"
    EXPORTERS = "exporters"
    CONTAINERS = "containers"
    PROMETHEUS = "prometheus"
    TARGETS = "targets"
    RULES = "rules"
    GRAFANA = "grafana"
    PROXY = "proxy"
    CERTIFICATE = "certificate"


SEVERITY = tuple(Level)
STYLES = {Level.OK: "green", Level.WARN: "yellow", Level.BAD: "bold red"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One thing of a layer, and how it is; texts are masked.

    `server` is the one on which it is found, or which it is about; `hint` is what to do.
    """

    layer: Layer
    subject: str
    level: Level = Level.OK
    why: str = ""
    hint: str = ""
    server: str = ""
    unreachable: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            item.name: str(value) if isinstance(value, StrEnum) else value
            for item in fields(self)
            for value in (getattr(self, item.name),)
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """All verdicts of a site, in the order of the layers."""

    site: str
    verdicts: tuple[Verdict, ...]
    seconds: float = 0.0

    @property
    def level(self) -> Level:
        """The worst of all."""
        return worst(self.verdicts)

    @property
    def ok(self) -> bool:
        """Whether nothing is bad; warnings do not count."""
        return self.level is not Level.BAD

    @property
    def only_unreachable(self) -> bool:
        """Whether all that is bad is that servers cannot be reached, or follows from it."""
        lost = {item.server for item in self.verdicts if item.unreachable}
        bad = [item for item in self.verdicts if item.level is Level.BAD]
        return bool(bad) and all(item.server in lost for item in bad)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that there is something to say of."""
        seen = {item.layer for item in self.verdicts}
        return tuple(layer for layer in Layer if layer in seen)

    @property
    def troubles(self) -> tuple[Verdict, ...]:
        """What is not as it should be, the worst first."""
        found = (item for item in self.verdicts if item.level is not Level.OK)
        return tuple(sorted(found, key=lambda item: -SEVERITY.index(item.level)))

    @property
    def summary(self) -> str:
        """One line."""
        return f"{self.site}: {_counted(self.verdicts)}"

    def of(self, layer: Layer) -> tuple[Verdict, ...]:
        """Return the verdicts of one layer."""
        return tuple(item for item in self.verdicts if item.layer is layer)

    def rows(self) -> Iterator[dict[str, str]]:
        """Yield a row for each layer that is well, and for each thing of the others that is not."""
        for layer in self.layers:
            found = self.of(layer)
            level = worst(found)
            if level is Level.OK:
                yield _row(layer, level, subject=_all(found), what=_said(found))
            for item in found:
                if item.level is not Level.OK:
                    what = "\n".join(filter(None, (item.why, item.hint and f"-> {item.hint}")))
                    yield _row(layer, item.level, subject=item.subject, what=what)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, versioned."""
        return {
            "version": VERSION,
            "site": self.site,
            "verdict": str(self.level),
            "seconds": round(self.seconds, 3),
            "layers": {str(layer): str(worst(self.of(layer))) for layer in self.layers},
            "verdicts": [item.to_dict() for item in self.verdicts],
        }

    def __rich__(self) -> Any:
        from rich.table import Table
        from rich.text import Text

        table = Table(title=self.summary, title_justify="left", expand=False)
        for name in ("layer", "verdict", "subject", "what"):
            table.add_column(name, overflow="fold")
        for row in self.rows():
            verdict = Text(row["verdict"], style=STYLES[Level(row["verdict"])])
            table.add_row(row["layer"], verdict, Text(row["subject"]), Text(row["what"]))
        return table

    def _repr_html_(self) -> str:
        """Return a table for notebooks; everything that came from a server is escaped."""
        columns = ("layer", "verdict", "subject", "what")
        head = "".join(f"<th>{name}</th>" for name in columns)
        rows = "".join(
            "<tr>"
            + "".join(
                f"<td>{html.escape(row[name]).replace(chr(10), '<br>')}</td>" for name in columns
            )
            + "</tr>"
            for row in self.rows()
        )
        return f"<table><caption>{html.escape(self.summary)}</caption><tr>{head}</tr>{rows}</table>"


def worst(verdicts: Iterable[Verdict]) -> Level:
    """Return the worst level among these."""
    return max((item.level for item in verdicts), key=SEVERITY.index, default=Level.OK)


def _row(layer: Layer, level: Level, *, subject: str, what: str) -> dict[str, str]:
    return {"layer": str(layer), "verdict": str(level), "subject": subject, "what": what}


def _all(found: tuple[Verdict, ...]) -> str:
    return found[0].subject if len(found) == 1 else f"all {len(found)}"


def _said(found: tuple[Verdict, ...]) -> str:
    """Return what was said of all of them, each thing once; little of it where it is much."""
    said = list(dict.fromkeys(item.why for item in found if item.why))
    few = 3
    return "; ".join(said) if len(said) <= few else ""


def _counted(verdicts: tuple[Verdict, ...]) -> str:
    counts = Counter(item.level for item in verdicts)
    return ", ".join(f"{counts[level]} {level}" for level in Level if counts[level]) or "nothing"
