"""Whether the proxy answers, and asks who is there."""

from __future__ import annotations

from dataclasses import dataclass

from dcov.context import Context
from dcov.errors import DcovError

CURL = (
    *("curl", "--insecure", "--silent", "--show-error", "--max-time", "5", "--output", "/dev/null"),
    *("--write-out", "%{http_code}", "https://127.0.0.1/grafana/"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginAsked:
    """The proxy on this machine answers a stranger by asking for a login, over TLS."""

    @property
    def name(self) -> str:
        """What is checked."""
        return "the proxy does not ask for a login"

    def look(self, ctx: Context) -> str:
        """Ask as a stranger would."""
        # Who signed the certificate is not the question here.
        asked = ctx.run(CURL, reads=True, check=False)
        if not asked.ok:
            return asked.tail
        return "" if asked.stdout == "401" else f"it answers {asked.stdout} to a stranger"

    def diagnose(self, ctx: Context, *, seen: str) -> DcovError | None:
        """Add nothing: `seen` says it."""
        del ctx, seen
        return None
