"""The tokens of ssh_config(5): %h and its like, filled in with what the fleet declares."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from dcov.errors import ConfigError
from dcov.home import expanded, home, user_name
from dcov.inventory.entry import Login

COMMAND = "hnpr"  # what ssh fills in in a ProxyCommand


def in_command(text: str, *, login: Login, alias: str) -> str:
    """Return a ProxyCommand for this login; raises ConfigError for a token that ssh has not."""
    every = _tokens(login, alias=alias)
    return _filled(text, tokens={sign: every[sign] for sign in COMMAND}, keyword="ProxyCommand")


def agent_socket(text: str, *, login: Login, alias: str) -> Path | None:
    """Return where an IdentityAgent answers, None for the usual one; raises ConfigError.

    A name after `$` is that of an environment variable.
    """
    if text == "SSH_AUTH_SOCK":
        return None
    whole = re.fullmatch(r"\$\{?(\w+)\}?", text)
    if whole is not None:
        value = os.environ.get(whole[1])
        if value is None:
            raise _fault(f"IdentityAgent {text}: there is no such environment variable")
        return Path(value)
    filled = _filled(text, tokens=_tokens(login, alias=alias), keyword="IdentityAgent")
    return expanded(filled)


def _tokens(login: Login, *, alias: str) -> Mapping[str, str]:
    return {
        "d": str(home()),
        "h": login.address,
        "i": str(os.getuid()),
        "n": alias,
        "p": str(login.port),
        "r": login.user,
        "u": user_name(),
    }


def _filled(text: str, *, tokens: Mapping[str, str], keyword: str) -> str:
    def value(found: re.Match[str]) -> str:
        sign = found[1]
        if sign != "%" and sign not in tokens:
            raise _fault(f"{keyword} {text}: %{sign} is not filled in; write what it stands for")
        return "%" if sign == "%" else tokens[sign]

    return re.sub(r"%(.?)", value, text)


def _fault(message: str) -> ConfigError:
    return ConfigError.about(message, key="~/.ssh/config")
