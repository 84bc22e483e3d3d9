"""A certificate from Let's Encrypt, by the distribution's certbot."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath

from dcov.change import Action, Change
from dcov.converge.resource import Step
from dcov.ssh.command import Argv, Finished, quote
from dcov.ssh.scripts import remote
from dcov.stack.tls import found as answer
from dcov.stack.tls.facts import CertificateFacts

LIVE = PurePosixPath("/etc/letsencrypt/live")
HOOK = PurePosixPath("/etc/letsencrypt/renewal-hooks/deploy/dcov-proxy")
WEBROOT = PurePosixPath("/var/www/certbot")
OVERDUE = 14  # days left at which certbot.timer, which acts at 30, must have failed


def _now() -> datetime:
    return datetime.now(tz=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetsEncrypt:
    """certbot has a certificate for this domain, by the challenge that the proxy serves.

    The proxy must run already. certbot.timer renews it, and the deploy hook brings each new one to
    the proxy. What certbot got is kept when the transaction is taken back: Let's Encrypt counts.
    """

    domain: str
    email: str
    webroot: PurePosixPath = WEBROOT
    live: PurePosixPath = LIVE
    now: datetime = field(default_factory=_now)

    @property
    def certificate(self) -> PurePosixPath:
        """Where certbot keeps the newest one, with its chain."""
        return self.live / self.domain / "fullchain.pem"

    @property
    def key(self) -> PurePosixPath:
        """Where certbot keeps its key."""
        return self.live / self.domain / "privkey.pem"

    @property
    def argv(self) -> tuple[str, ...]:
        """The command that gets it; certbot's own cli.ini may name another ACME server."""
        return (
            *("certbot", "certonly", "--non-interactive", "--agree-tos", "--keep-until-expiring"),
            *("--email", self.email, "--domain", self.domain, "--cert-name", self.domain),
            *("--webroot", "--webroot-path", str(self.webroot), "--key-type", "ecdsa"),
        )

    def probe(self) -> Argv:
        return answer.probe((self.certificate, self.key), metrics=PurePosixPath("/dev/null"))

    def plan(self, found: Finished) -> Change:
        name = f"certbot:{self.domain}"
        (had,) = answer.read(found).pairs
        try:
            facts = CertificateFacts.of_pem(had.certificate)
        except ValueError:
            diff = (f"+run {quote(self.argv)}",)
            return Change(resource=name, action=Action.CREATE, diff=diff)
        left = facts.days_left(self.now)
        if facts.covers(self.domain) and facts.has_key(had.key) and left >= OVERDUE:
            return Change(resource=name, action=Action.NOOP)
        return Change(
            resource=name,
            action=Action.UPDATE,
            diff=(f"-days left {left}", f"+run {quote(self.argv)}"),
        )

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        return (self.argv,)


def deploy_hook(*, domain: str, home: PurePosixPath, metrics: PurePosixPath, reload: Argv) -> str:
    """Return the script that certbot runs after each renewal, for `HOOK`, mode 0755.

    `reload` makes the proxy read its files anew, having checked them.
    """
    files = [str(path) for path in (home / "ssl" / "server.crt", home / "ssl" / "server.key")]
    return "\n".join(
        (
            "#!/bin/sh",
            "# Written by dcov: brings a renewed certificate to the proxy.",
            remote("certificate.sh"),
            remote("deploy-certificate.sh"),
            quote(("deploy", domain, str(metrics), *files, *reload)),
            "",
        )
    )
