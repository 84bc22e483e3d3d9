"""Whether a private key alone lets dcov in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dcov.context import Context
from dcov.errors import AuthRefusedError, DcovError, KeyRefusedError

DECIDING = ("pubkeyauthentication", "authorizedkeysfile", "allowusers", "denyusers", "allowgroups")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLogin:
    """A login over a connection of its own, with this key and neither agent nor password."""

    key_path: Path

    @property
    def name(self) -> str:
        """What is checked."""
        return f"no login with {self.key_path}"

    def look(self, ctx: Context) -> str:
        """Try it once; a server that cannot be reached any more raises the ConnectError."""
        try:
            ctx.try_key(self.key_path)
        except AuthRefusedError as error:
            return error.why
        return ""

    def diagnose(self, ctx: Context, *, seen: str) -> DcovError | None:
        """Ask sshd for the settings that decide about keys."""
        settings = ctx.run(("sshd", "-T"), reads=True, check=False).stdout.splitlines()
        deciding = [line for line in settings if line.partition(" ")[0] in DECIDING]
        return KeyRefusedError(
            key=str(self.key_path), user=ctx.login.user, detail=", ".join(deciding) or seen
        )
