"""A certificate that somebody else got: the operator, or certbot."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath

from dcov.change import Action, Change
from dcov.converge.resource import Step
from dcov.errors import CertificateChainError, CertificateError
from dcov.ssh.command import Argv, Finished, Shell
from dcov.ssh.scripts import remote
from dcov.stack.tls import found as answer
from dcov.stack.tls.check import checked
from dcov.stack.tls.facts import CertificateFacts


def _now() -> datetime:
    return datetime.now(tz=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCertificate:
    """The certificate and key in these files of the server, copied to `home`/ssl.

    It is checked first, and refused by a CertificateError: key, chain, dates, and that it is for
    `name`. With `later` certbot, which stands before it in the group, may be about to get it.
    """

    home: PurePosixPath
    certificate: PurePosixPath
    key: PurePosixPath
    name: str
    metrics: PurePosixPath
    later: bool = False
    now: datetime = field(default_factory=_now)

    def probe(self) -> Argv:
        ssl = self.home / "ssl"
        return answer.probe(
            (self.certificate, self.key),
            (ssl / "server.crt", ssl / "server.key"),
            metrics=self.metrics,
        )

    def plan(self, found: Finished) -> Change:
        name = f"certificate:{self.home / 'ssl' / 'server.crt'}"
        said = answer.read(found)
        own, had = said.pairs
        try:
            facts = checked(own, place=(self.certificate, self.key), name=self.name, now=self.now)
        except CertificateError as error:
            if not self.later or isinstance(error, CertificateChainError):
                raise
            reason = "certbot gets another one when this is applied"
            return Change(resource=name, action=Action.UNKNOWN, reason=reason)
        diff: list[str] = []
        if own != had:
            diff += _shown(had, sign="-", now=self.now)
            diff += _shown(own, sign="+", now=self.now)
        elif not said.says(facts.ends.timestamp()):
            diff.append("+metric of its end")
        if not diff:
            return Change(resource=name, action=Action.NOOP, conditional=self.later)
        action = Action.UPDATE if had.certificate else Action.CREATE
        return Change(resource=name, action=action, diff=tuple(diff), conditional=self.later)

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        ssl = self.home / "ssl"
        kept = (ssl / "server.crt", ssl / "server.key", self.metrics)
        return (
            Shell(remote("certificate.sh")),
            *(("keep", str(path)) for path in kept),
            ("copy_certificate", str(self.certificate), str(self.key), str(ssl)),
            ("certificate_metrics", str(ssl / "server.crt"), str(self.metrics)),
        )


def _shown(pair: answer.Pair, *, sign: str, now: datetime) -> list[str]:
    """Return a certificate in words, for a diff."""
    try:
        facts = CertificateFacts.of_pem(pair.certificate)
    except ValueError:
        return []
    return [
        f"{sign}names {', '.join(facts.names)}",
        f"{sign}issuer {facts.issuer}",
        f"{sign}days left {facts.days_left(now)}",
        f"{sign}fingerprint {facts.fingerprint[:16]}",
    ]
