"""A three-way merge of texts by lines, as diff3 does it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from difflib import SequenceMatcher

LARGEST = 250_000  # pairs of lines that difflib is given to compare
Span = tuple[int, int]  # the first line, and the one behind the last


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
    """Return the runs of lines that two texts have in common, in order."""
    blocks: list[tuple[int, int, int]] = []
    for start, there in _pairs(base, other, (0, len(base)), (0, len(other))):
        if blocks and (blocks[-1][0] + blocks[-1][2], blocks[-1][1] + blocks[-1][2]) == (
            start,
            there,
        ):
            blocks[-1] = (blocks[-1][0], blocks[-1][1], blocks[-1][2] + 1)
        else:
            blocks.append((start, there, 1))
    return blocks


def _pairs(base: list[str], other: list[str], one: Span, two: Span) -> Iterator[tuple[int, int]]:
    """Yield which line is which: those that stand once in both first, then what is between.

    difflib alone takes minutes for a few thousand servers, each with one line more on one side.
    """
    anchors = _anchors(base, other, one, two)
    if not anchors:
        matcher = SequenceMatcher(None, base[slice(*one)], other[slice(*two)], autojunk=False)
        small = (one[1] - one[0]) * (two[1] - two[0]) <= LARGEST
        for block in matcher.get_matching_blocks() if small else ():
            yield from ((one[0] + block.a + n, two[0] + block.b + n) for n in range(block.size))
        return
    at, there = one[0], two[0]
    for mine, its in anchors:
        yield from _pairs(base, other, (at, mine), (there, its))
        yield mine, its
        at, there = mine + 1, its + 1
    yield from _pairs(base, other, (at, one[1]), (there, two[1]))


def _anchors(base: list[str], other: list[str], one: Span, two: Span) -> list[tuple[int, int]]:
    """Return the lines that stand once in each, as many as keep their order."""
    mine, its = _once(base, one), _once(other, two)
    found = [(at, its[line]) for line, at in mine.items() if line in its]
    # The longest run whose second numbers rise, too (patience sorting).
    tops: list[int] = []  # of each pile: the second number, and which of the found it is
    which: list[int] = []
    before: dict[int, int] = {}
    for at, (_, there) in enumerate(found):
        pile = bisect_left(tops, there)
        if pile:
            before[at] = which[pile - 1]
        tops[pile : pile + 1] = [there]
        which[pile : pile + 1] = [at]
    chain: list[tuple[int, int]] = []
    step = which[-1] if which else None
    while step is not None:
        chain.append(found[step])
        step = before.get(step)
    return chain[::-1]


def _once(lines: list[str], span: Span) -> dict[str, int]:
    seen: dict[str, int] = {}
    for at in range(*span):
        seen[lines[at]] = -1 if lines[at] in seen else at
    return {line: at for line, at in seen.items() if at >= 0}
