"""Which lines of authorized_keys count as the key, and which texts are one. See sshd(8)."""

from __future__ import annotations

import pytest

from dcov.change import Action
from dcov.errors import ConfigError, PathTakenError, UnfitServerError
from dcov.resources import AuthorizedKey
from dcov.ssh.command import Finished

KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIEJu7Yrj+2L0n8KjvbUn/4dtXaEz4WZpmB2nIHFgkkGf"
OTHER = "AAAAC3NzaC1lZDI1NTE5AAAAIAEqVz5dj68slQV9qDKKGBacdy5r3qVjRC5AzlNtUUOJ"
WANTED = AuthorizedKey(user="op", line=f"ssh-ed25519 {KEY} dcov-fleet")
IN_ORDER = "1000\ndirectory|1000|755\ndirectory|1000|700\nregular file|1000|600\n"


def found(text: str, *, exit_code: int = 0) -> Finished:
    return Finished(command="probe", exit_code=exit_code, stdout=text)


@pytest.mark.parametrize(
    "line",
    [
        f"ssh-ed25519 {KEY}",
        f"ssh-ed25519 {KEY} another comment",
        f"  ssh-ed25519\t{KEY}",
        f"restrict ssh-ed25519 {KEY}",
        f'from="10.0.0.1,10.0.0.2",no-pty ssh-ed25519 {KEY}',
        f'command="echo \\"ssh-ed25519 {OTHER}\\"" ssh-ed25519 {KEY}',
        f"ssh-ed25519 {KEY}\r",
    ],
)
def test_a_line_that_has_the_key_counts(line: str) -> None:
    text = f"{IN_ORDER}# people\nssh-ed25519 {OTHER} other\n{line}\n"
    assert WANTED.plan(found(text)).action is Action.NOOP


@pytest.mark.parametrize(
    "line",
    [
        "",
        f"# ssh-ed25519 {KEY}",
        f"ssh-ed25519 {OTHER} {KEY}",
        f'command="ssh-ed25519 {KEY}" ssh-ed25519 {OTHER}',
        f"cert-authority ssh-ed25519 {KEY}",
        f'principals="op",cert-authority ssh-ed25519 {KEY}',
        f"ssh-ed25519 {KEY}x",
        f"ssh-ed25519 {KEY[:-4]}",
    ],
)
def test_a_line_that_only_looks_like_it_does_not(line: str) -> None:
    change = WANTED.plan(found(f"{IN_ORDER}{line}\n"))
    assert (change.action, change.diff) == (Action.UPDATE, (f"+{WANTED.line}",))


@pytest.mark.parametrize(
    "line",
    [
        "",
        KEY,
        f"ssh-ed25519 {KEY}\nssh-ed25519 {OTHER}",
        f"ssh-ed25519 {KEY} comment\n",
        f"ssh-ed25519 {KEY} \x1b[2J",
        f'command="sh" ssh-ed25519 {KEY}',
        f"ssh-rsa {KEY}",
        "ssh-ed25519 AAAA",
        "ssh-ed25519 $(reboot)",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
    ],
)
def test_what_is_no_public_key_is_refused(line: str) -> None:
    with pytest.raises(ConfigError):
        AuthorizedKey(user="op", line=line)


def test_a_line_made_to_keep_us_busy_does_not() -> None:
    text = 'command="' + '\\"' * 50_000 + "x"
    assert WANTED.plan(found(f"{IN_ORDER}{text}\n")).needed


def test_where_nothing_is_the_folder_comes_too() -> None:
    change = WANTED.plan(found("1000\ndirectory|1000|755\nnothing||\nnothing||\n"))
    assert change.action is Action.CREATE
    assert set(change.diff) == {
        "+owner 1000",
        "+mode 600",
        "+folder owner 1000",
        "+folder mode 700",
        f"+{WANTED.line}",
    }


def test_wrong_rights_alone_add_no_line() -> None:
    text = f"1000\ndirectory|1000|755\ndirectory|0|755\nregular file|0|644\n{WANTED.line}\n"
    change = WANTED.plan(found(text))
    assert change.action is Action.UPDATE
    assert WANTED.apply(change)[-1] == ("authorize", "op", "", "")


@pytest.mark.parametrize(
    "text",
    [
        "1000\ndirectory|1000|755\nsymbolic link|1000|777\nnothing||\n",
        "1000\ndirectory|1000|755\ndirectory|1000|700\nsymbolic link|1000|777\n",
        "1000\ndirectory|1000|755\ndirectory|1000|700\ndirectory|1000|700\n",
    ],
)
def test_what_is_no_file_in_a_folder_is_refused(text: str) -> None:
    with pytest.raises(PathTakenError):
        WANTED.plan(found(text))


@pytest.mark.parametrize(
    ("text", "code"), [("", 1), ("1000\nnothing||\nnothing||\nnothing||\n", 0)]
)
def test_nobody_and_a_user_without_a_home_are_refused(text: str, code: int) -> None:
    with pytest.raises(UnfitServerError):
        WANTED.plan(found(text, exit_code=code))
