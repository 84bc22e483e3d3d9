"""Two changed copies of one known_hosts brought together."""

from __future__ import annotations

from pathlib import Path

import pytest

from dcov.config.host_lines import merge_hosts
from dcov.errors import ConfigError

FILE = Path("known_hosts")
A, B, C = "a ssh-ed25519 AAAA1\n", "b ssh-ed25519 AAAA2\n", "c ssh-ed25519 AAAA3\n"
NEW_A, OTHER_A = "a ssh-ed25519 AAAA8\n", "a ssh-ed25519 AAAA9\n"


@pytest.mark.parametrize(
    ("ours", "base", "theirs", "merged"),
    [
        (A + B, A, A + C, A + B + C),
        (A + B, A + B, A, A),
        (A, A + B, A + B, A),
        (A + B, A + B, NEW_A + B, B + NEW_A),
        (NEW_A, A, A + C, NEW_A + C),
        (A, None, C, A + C),
        ("# ours\n" + A, None, A, "# ours\n" + A),
        ("", None, A, A),
        (A + "\n" + B, A, A, A + "\n" + B),
    ],
)
def test_lines_come_and_go(ours: str, base: str | None, theirs: str, merged: str) -> None:
    assert merge_hosts(ours, base=base, theirs=theirs, file=FILE) == merged


def test_two_new_keys_of_one_server_clash() -> None:
    with pytest.raises(ConfigError, match="known_hosts:2:1: a: here and on the master another"):
        merge_hosts(B + NEW_A, base=A + B, theirs=OTHER_A + B, file=FILE)

    def kept(*, keep_ours: bool) -> str:
        return merge_hosts(
            B + NEW_A, base=A + B, theirs=OTHER_A + B, file=FILE, keep_ours=keep_ours
        )

    assert kept(keep_ours=True) == B + NEW_A
    assert kept(keep_ours=False) == B + OTHER_A
