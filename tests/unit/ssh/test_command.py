"""Quoting, tails and masking: whatever a command or a stream holds."""

from __future__ import annotations

import subprocess
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcov.secret import Masker, Secret
from dcov.ssh.command import Shell, Tail, as_shell, quote

WORDS = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=20)


@settings(deadline=None)  # each example starts a shell
@given(st.lists(WORDS, min_size=1, max_size=5))
def test_any_words_survive_a_shell(words: list[str]) -> None:
    """What is quoted is split by a real sh into just these words."""
    line = quote(("printf", "%s\\0", "-", *words))
    said = subprocess.run(("sh", "-c", line), capture_output=True, check=True).stdout
    assert said == b"".join(word.encode() + b"\0" for word in ("-", *words))


def test_a_plain_text_is_no_command() -> None:
    """A str is neither words nor a script: saying which is the caller's part."""
    with pytest.raises(TypeError):
        as_shell("rm -rf /")
    assert as_shell(Shell("a b")) == "a b"


@pytest.mark.parametrize("shift", range(-12, 13))
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_tail_never_shows_a_part_of_a_secret(shift: int, size: int) -> None:
    """Wherever the tail begins, within a secret or at its edge, no part of it is left."""
    secret = "SECRETSECRET"
    tail = Tail(masker=Masker.of([Secret(secret)]), limit=100)
    data = b"a" * 500 + secret.encode() + b"b" * (100 - len(secret) + shift)
    for start in range(0, len(data), size):
        tail.feed(data[start : start + size])
    text = tail.text()
    assert tail.cut
    assert set(text) <= set("ab*")
    assert len(text) <= 100
    assert text.endswith("b" * 50)


@pytest.mark.parametrize("extra", range(12))
def test_a_tail_that_masking_shortens_shows_no_part_either(extra: int) -> None:
    """Masks are shorter than secrets: the cut edge must not come into the tail by that."""
    secret = "SECRETSECRE!"
    tail = Tail(masker=Masker.of([Secret(secret)]), limit=100)
    for character in secret * 20 + "b" * extra:
        tail.feed(character.encode())
    assert set(tail.text()) <= set("b*")


def test_of_much_output_only_the_tail_is_kept() -> None:
    """A command that never stops talking does not fill the controller's memory."""
    tail = Tail(masker=Masker.of([Secret("password")]))
    tracemalloc.start()
    try:
        for number in range(2_000):
            tail.feed(b"%010d" % number * 1_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (tail.total, len(tail.text())) == (20_000_000, 65_536)
    assert peak < 1_000_000


def test_a_tail_is_as_long_as_it_may_be() -> None:
    """What is kept in addition, for secrets that a cut divides, is not at the tail's cost."""
    tail = Tail(masker=Masker.of([Secret("password")]), limit=100)
    for _ in range(500):
        tail.feed(b"a")
    assert tail.text() == "a" * 100
