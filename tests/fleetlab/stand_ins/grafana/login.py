"""Who asks: by basic auth, by the header of a trusted proxy, or nobody."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import unauthorized
from .settings import Settings
from .store import Store

ROLES = ("None", "Viewer", "Editor", "Admin")
Header = Callable[[str], "str | None"]


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who is logged in."""

    login: str
    role: str
    server_admin: bool = False
    by_password: bool = False
    id: int = 0

    def at_least(self, role: str) -> bool:
        """Whether the role includes this one."""
        return ROLES.index(self.role) >= ROLES.index(role)


class Users:
    """The users in the store.

    The admin's password is taken from the settings at the first start alone, as Grafana does: later
    it is changed by its own means.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        if store.get("user", settings.admin_user) is None:
            user = {"login": settings.admin_user, "role": "Admin", "admin": True, "synced": 0}
            store.put("user", settings.admin_user, {**user, **_hashed(settings.admin_password)})

    def identify(self, header: Header, *, address: str) -> Person | None:
        """Return who it is, None where nobody says; raises Refused for a wrong login.

        https://grafana.com/docs/grafana/latest/developers/http_api/authentication/
        """
        proxy = self._settings.auth_proxy
        name = header(proxy.header_name) if proxy.enabled else None
        if name:
            if not proxy.trusts(address):
                raise unauthorized("auth-proxy.invalid-ip")
            return self._by_header(name, header)
        said = header("Authorization") or ""
        if said.startswith("Basic ") and self._settings.basic_auth:
            return self._by_password(said.removeprefix("Basic "))
        if said:
            raise unauthorized("api-key.invalid")
        if self._settings.anonymous_role:
            return Person(login="", role=self._settings.anonymous_role)
        return None

    def _by_header(self, name: str, header: Header) -> Person:
        proxy = self._settings.auth_proxy
        user = self._store.get("user", name)
        if user is None:
            if not proxy.auto_sign_up:
                raise unauthorized("user.sync.user-not-found")
            user = {"login": name, "role": "Viewer", "admin": False, "synced": 0}
        if time.time() - user["synced"] >= proxy.sync_ttl * 60:
            wanted = header(proxy.headers["Role"]) if "Role" in proxy.headers else None
            role = wanted if wanted in ROLES else user["role"]
            user = self._store.put("user", name, {**user, "role": role, "synced": time.time()})
        return _person(user)

    def _by_password(self, said: str) -> Person:
        try:
            name, _, password = base64.b64decode(said, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise unauthorized("basic-auth.invalid") from None
        user = self._store.get("user", name)
        if user is None or "hash" not in user:
            raise unauthorized("password-auth.failed")
        if not hmac.compare_digest(_hash(password, bytes.fromhex(user["salt"])), user["hash"]):
            raise unauthorized("password-auth.failed")
        return _person(user, by_password=True)


def _person(user: dict[str, Any], *, by_password: bool = False) -> Person:
    return Person(
        login=user["login"],
        role=user["role"],
        server_admin=user["admin"],
        by_password=by_password,
        id=user["id"],
    )


def _hash(password: str, salt: bytes) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 10_000).hex()


def _hashed(password: str) -> dict[str, str]:
    salt = os.urandom(10)
    return {"salt": salt.hex(), "hash": _hash(password, salt)}
