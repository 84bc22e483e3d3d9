"""The one way in which data is shown: to stdout, in the form that was asked for."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import typer

from dcov.printable import printable

VERSION = 1  # of the JSON and YAML forms
STYLES = {
    "ok": "green",
    "changed": "yellow",
    "failed": "bold red",
    "warn": "yellow",
    "bad": "bold red",
    "unreachable": "red",
    "timed_out": "red",
    "cancelled": "magenta",
    "skipped": "dim",
    "not_run": "dim",
}


class Form(StrEnum):
    """A form of output."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    JSONL = "jsonl"
    YAML = "yaml"
    CSV = "csv"
    NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Rows of one kind. `columns` are those of a table, `more` are added in a wide one."""

    kind: str
    rows: Sequence[Mapping[str, Any]]
    columns: tuple[str, ...]
    more: tuple[str, ...] = ()
    key: str = "name"
    document: Mapping[str, Any] | None = None  # instead of the rows, in the forms for programs
    items: Sequence[Mapping[str, Any]] | None = None

    def to_dict(self) -> Mapping[str, Any]:
        """Return plain data, versioned."""
        return self.document or {"version": VERSION, self.kind: [dict(row) for row in self.rows]}


def show(listing: Listing, form: Form) -> None:
    """Print the listing in this form."""
    match form:
        case Form.NAME:
            for row in listing.rows:
                write(str(row[listing.key]))
        case Form.JSONL:
            for row in listing.items or listing.rows:
                write(json.dumps(row, ensure_ascii=False))
        case Form.CSV:
            columns = (*listing.columns, *listing.more)
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows([_cell(row.get(name)) for name in columns] for row in listing.rows)
        case Form.JSON | Form.YAML:
            show_document(listing.to_dict(), form)
        case _:
            more = listing.more if form is Form.WIDE else ()
            _table(listing.rows, columns=(*listing.columns, *more))


def show_document(document: Mapping[str, Any], form: Form) -> None:
    """Print data that is no list of rows: JSON, and YAML for people."""
    if form in {Form.JSON, Form.JSONL}:
        indent = 2 if form is Form.JSON else None
        write(json.dumps(document, indent=indent, ensure_ascii=False))
        return
    import yaml

    text = yaml.safe_dump(
        json.loads(json.dumps(document)), sort_keys=False, allow_unicode=True, width=100
    )
    write(text.rstrip("\n"))


def write(text: str, *, colour: str | None = None) -> None:
    """Print data; what could steer a terminal is shown instead of sent to one."""
    shown = printable(text) if sys.stdout.isatty() else text
    sys.stdout.write((typer.style(shown, fg=colour) if colour and colourful() else shown) + "\n")


def colourful() -> bool:
    """Whether stdout is a terminal whose reader wants colours (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _table(rows: Sequence[Mapping[str, Any]], *, columns: tuple[str, ...]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    # Into a pipe a row is one line, however long: it will be searched and cut.
    console = Console(
        width=None if terminal else 100_000,
        color_system="auto" if colourful() else None,
        highlight=False,
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name.upper().replace("_", " "), overflow="fold", no_wrap=not terminal)
    for row in rows:
        cells = [printable(_cell(row.get(name))) for name in columns]
        if not terminal:
            cells = [" ".join(cell.split("\n")) for cell in cells]
        table.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in cells))
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        sys.stdout.write(line.rstrip() + "\n")


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Mapping():
            return ",".join(f"{key}={_cell(inner)}" for key, inner in value.items())
        case list() | tuple():
            return ", ".join(map(_cell, value))
    return str(value)
