"""The merge by lines, as diff3 does it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcov.config.line_merge import merge_lines

TEXTS = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d\n", "e\n"]), max_size=12).map("".join)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(base=TEXTS, changed=TEXTS, first=st.booleans())
def test_what_one_side_changed_is_taken(base: str, changed: str, first: bool) -> None:  # noqa: FBT001
    """Whichever side it is, and also where both made the same of it."""
    for ours, theirs in ((changed, base), (base, changed), (changed, changed)):
        assert merge_lines(base, ours=ours, theirs=theirs, ours_first=first) == changed


@pytest.mark.parametrize(
    ("ours", "theirs", "merged"),
    [
        ("a\nB\nc\nd\n", "a\nb\nc\nD\n", "a\nB\nc\nD\n"),
        ("a\nb\nc\nd\nx\n", "a\nb\nc\nd\ny\n", "a\nb\nc\nd\nx\ny\n"),
        ("b\nc\nd\n", "a\nb\nc\n", "b\nc\n"),
        ("a\nX\nc\nd\n", "a\nY\nc\nd\n", None),
        ("a\nX\nc\nd\n", "a\nc\nd\n", None),
    ],
)
def test_both_sides(ours: str, theirs: str, merged: str | None) -> None:
    assert merge_lines("a\nb\nc\nd\n", ours=ours, theirs=theirs, ours_first=True) == merged


def test_a_line_more_for_each_of_many_servers_takes_no_minutes() -> None:
    """With difflib alone this is quadratic."""
    base = "".join(f"- name: s{n}\n  labels:\n    rack: a\n" for n in range(5000))
    ours = base.replace("  labels:\n", "  password: x\n  labels:\n")
    theirs = base + "- name: new\n"
    merged = merge_lines(base, ours=ours, theirs=theirs, ours_first=True)
    assert merged == ours + "- name: new\n"
