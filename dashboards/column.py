"""What a table is made of: labels that tell rows apart, and what is asked for each row."""

from __future__ import annotations

from dataclasses import dataclass

from dcov.dashboards.look import CORE, HOT, QUIET, SHARE, Scale, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A label that tells rows apart, by its title; an empty title keeps it out of sight."""

    label: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What is asked for each row. Its answers have the labels of the keys, and no others.

    With `label` the column shows this further label of the answer, and not its value.
    """

    title: str
    expr: str
    unit: str = "none"
    decimals: int | None = None
    scale: Scale = QUIET
    words: Words | None = None
    label: str = ""
    gauge: bool = False


def core(title: str, expr: str) -> Column:
    """Show the temperature of a GPU's core."""
    return Column(title=title, expr=expr, unit="celsius", decimals=0, scale=CORE)


def hot(title: str, expr: str) -> Column:
    """Show the temperature of a hot spot, or of memory."""
    return Column(title=title, expr=expr, unit="celsius", decimals=0, scale=HOT)


def watts(title: str, expr: str) -> Column:
    """Show power."""
    return Column(title=title, expr=expr, unit="watt", decimals=0)


def percent(title: str, expr: str) -> Column:
    """Show a share of 0 to 100 that is good or bad by no number."""
    return Column(title=title, expr=expr, unit="percent", decimals=0, gauge=True)


def filled(title: str, expr: str) -> Column:
    """Show a share of 0 to 1 of which too much is bad."""
    return Column(title=title, expr=expr, unit="percentunit", decimals=0, scale=SHARE, gauge=True)


def plain(title: str, expr: str, unit: str = "none") -> Column:
    """Show the number."""
    return Column(title=title, expr=expr, unit=unit)


def label(title: str, expr: str, of: str) -> Column:
    """Show a label of the answer."""
    return Column(title=title, expr=expr, label=of)
