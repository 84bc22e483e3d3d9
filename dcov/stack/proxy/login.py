"""Who may log in while nginx itself checks the passwords."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import bcrypt

from dcov.secret import Secret

# nginx asks crypt(3) at every request, and its worker does nothing else meanwhile: 2 ms at cost 5,
# 50 at 10. What guards the file is its length: fleet_admin_pass has 12 characters at least.
COST = 5
LONGEST = 72  # bytes that bcrypt looks at, here and in crypt(3)


class Role(StrEnum):
    """What a user may do; Grafana calls them Admin, Editor and Viewer."""

    ADMIN = "admin"
    READWRITE = "readwrite"
    READONLY = "readonly"


def htpasswd(logins: Mapping[str, Secret], *, existing: str = "") -> str:
    """Return the text of the htpasswd file for these users and nobody else.

    The line of a user whose password it already holds is kept, so that nothing changes.
    """
    lines = (line.partition(":") for line in existing.splitlines())
    had = {user: hashed for user, _, hashed in lines}
    return "".join(
        f"{user}:{_kept(had.get(user, ''), password) or _hashed(password)}\n"
        for user, password in logins.items()
    )


def _hashed(password: Secret) -> str:
    return bcrypt.hashpw(_bytes(password), bcrypt.gensalt(COST)).decode()


def _kept(hashed: str, password: Secret) -> str:
    """Return the hash where it is of this password and of our own cost."""
    try:
        fits = bcrypt.checkpw(_bytes(password), hashed.encode())
    except ValueError:  # no bcrypt hash
        return ""
    return hashed if fits and hashed.startswith(f"$2b${COST:02}$") else ""


def _bytes(password: Secret) -> bytes:
    return password.reveal().encode()[:LONGEST]
