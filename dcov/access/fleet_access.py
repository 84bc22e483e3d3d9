"""The fleet key as a run lets it in on servers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from dcov.access.key_login import KeyLogin
from dcov.context import Context, Preparing
from dcov.resources.authorized_key import AuthorizedKey
from dcov.ssh.fleet_key import fleet_key_path, generate
from dcov.ssh.keyring import Keyring

COMMENT = "dcov-fleet"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetAccess:
    """The key at `path` on this machine; `public` is None in a plan before there is one."""

    path: Path
    public: str | None

    @classmethod
    def prepare(cls, preparing: Preparing, **_: Any) -> FleetAccess:
        """Take the site's key, or make it; raises ConfigError where there is an unusable one."""
        site = preparing.fleet
        path = fleet_key_path(site)
        if not path.exists():
            if preparing.planning:
                return cls(path=path, public=None)
            preparing.note(f"made the fleet key {generate(path, comment=COMMENT).path}")
        if site.settings.ssh.key_path is None:
            preparing.note(f"to log in with it, write `key_path: {path}` under `ssh:`")
        key = Keyring().key(path)
        return cls(path=path, public=f"{key.get_name()} {key.get_base64()} {COMMENT}")

    def resource(self, ctx: Context, *, authorized_keys: str = "") -> AuthorizedKey:
        """Return what lets the key in as the user that dcov logs in as."""
        user = ctx.login.user
        path = PurePosixPath(authorized_keys.replace("%u", user)) if authorized_keys else None
        return AuthorizedKey(user=user, line=self.public, path=path)

    def check(self) -> KeyLogin:
        """Return the check that it lets in."""
        return KeyLogin(key_path=self.path)
