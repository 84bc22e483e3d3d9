"""What a proxy says to somebody who is not logged in."""

from __future__ import annotations

from dataclasses import dataclass

from dcov.context import Context
from dcov.errors import DcovError
from dcov.ssh.command import Shell, quote

SAID = "%{http_code} %{redirect_url}\\n"
REFUSED = ("401", "403")
CLOSED = "000"
MISSING = "404"


@dataclass(frozen=True, slots=True, kw_only=True)
class StrangersRefused:
    """The proxy on this machine sends strangers to a login on these paths, whatever the port."""

    paths: tuple[str, ...]

    @property
    def name(self) -> str:
        """What is checked."""
        return "the proxy of the family does not ask for a login"

    def look(self, ctx: Context) -> str:
        """Ask as a stranger would, with TLS and without."""
        urls = [
            f"{scheme}://127.0.0.1{path}" for path in self.paths for scheme in ("https", "http")
        ]
        # Who signed the certificate is not the question here.
        ask = ("curl", "--insecure", "--silent", "--max-time", "5", "--output", "/dev/null")
        lines = " ; ".join(quote((*ask, "--write-out", SAID, url)) for url in urls)
        said = ctx.run(Shell(lines), reads=True, check=False).stdout.splitlines()
        return ", ".join(
            f"{url} answers {answer}"
            for url, answer in zip(urls, said, strict=False)
            if not _refuses(url, answer)
        ) or ("" if len(said) == len(urls) else "it could not be asked")

    def diagnose(self, ctx: Context, *, seen: str) -> DcovError | None:
        """Add nothing: `seen` says it."""
        del ctx, seen
        return None


def _refuses(url: str, answer: str) -> bool:
    code, _, leads_to = answer.partition(" ")
    if code in REFUSED:
        return True
    if url.startswith("http:"):
        return code in {CLOSED, MISSING} or leads_to.startswith("https:") or "/login" in leads_to
    return code.startswith("30") and "/login" in leads_to
