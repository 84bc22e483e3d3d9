"""A three-way merge of texts by lines, as diff3 does it."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher


def merge_lines(base: str, *, ours: str, theirs: str, ours_first: bool) -> str | None:
    """Return the text with the changes of both sides; None where they change the same lines.

    Lines that both put in at one place come one after the other.
    """
    before, mine, other = (text.splitlines(keepends=True) for text in (base, ours, theirs))
    merged: list[str] = []
    at = (0, 0, 0)
    for start, here, there, length in _alike(before, mine, other):
        part = _between(
            before[at[0] : start], mine[at[1] : here], other[at[2] : there], ours_first=ours_first
        )
        if part is None:
            return None
        merged += (*part, *before[start : start + length])
        at = (start + length, here + length, there + length)
    return "".join(merged)


def _between(
    base: list[str], ours: list[str], theirs: list[str], *, ours_first: bool
) -> list[str] | None:
    if ours in (base, theirs):
        return theirs
    if theirs == base:
        return ours
    if base:
        return None
    return ours + theirs if ours_first else theirs + ours


def _alike(base: list[str], ours: list[str], theirs: list[str]) -> Iterator[tuple[int, ...]]:
    """Yield the runs of lines that all three have: where they begin in each, and how many."""
    mine, other = _matches(base, ours), _matches(base, theirs)
    m = o = 0
    while m < len(mine) and o < len(other):
        (start_m, here, length_m), (start_o, there, length_o) = mine[m], other[o]
        start = max(start_m, start_o)
        end = min(start_m + length_m, start_o + length_o)
        if start < end:
            yield start, here + start - start_m, there + start - start_o, end - start
        if start_m + length_m < start_o + length_o:
            m += 1
        else:
            o += 1
    yield len(base), len(ours), len(theirs), 0


def _matches(base: list[str], other: list[str]) -> list[tuple[int, int, int]]:
    blocks = SequenceMatcher(None, base, other).get_matching_blocks()
    return [(block.a, block.b, block.size) for block in blocks if block.size]
