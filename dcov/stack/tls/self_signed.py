"""A certificate by an authority of the site's own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import PurePosixPath

from cryptography.exceptions import InvalidSignature

from dcov.change import Action, Change
from dcov.converge.resource import Step
from dcov.ssh.command import Argv, Finished, Shell
from dcov.ssh.scripts import remote
from dcov.stack.tls import found as answer
from dcov.stack.tls.facts import CertificateFacts, parsed

DAYS = 397  # the most that browsers accept; the authority has ten years
RENEW = 30
COMMON_NAME = 64 - len("dcov authority of ")  # characters that X.509 has room for


def _now() -> datetime:
    return datetime.now(tz=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfSigned:
    """A certificate for these names in `home`/ssl, signed by the site's own authority in `home`/ca.

    Keys are made on the server and stay there. It is renewed below 30 days, or when the names
    change; the authority stays, so that who trusts it goes on to. With `provisional` any
    certificate that is there and good is kept: it only fills the place until the real one comes.
    """

    home: PurePosixPath
    names: tuple[str, ...]
    metrics: PurePosixPath
    provisional: bool = False
    now: datetime = field(default_factory=_now)

    def probe(self) -> Argv:
        return answer.probe(
            (self.home / "ssl" / "server.crt", self.home / "ssl" / "server.key"),
            (self.home / "ca" / "ca.crt", self.home / "ca" / "ca.key"),
            metrics=self.metrics,
        )

    def plan(self, found: Finished) -> Change:
        said = answer.read(found)
        server, authority = said.pairs
        had = _facts(server)
        trusted = _facts(authority)
        diff: list[str] = []
        if trusted and not (self._lasts(trusted) and trusted.has_key(authority.key)):
            trusted = None
        if had is None or not had.has_key(server.key):
            diff += ["-certificate without its key"] if had else []
            diff += [f"+certificate for {', '.join(self.names)}"]
        elif not self.provisional or had.ends <= self.now:
            diff += self._outdated(had)
            if not diff and (trusted is None or not _signed(server, by=authority)):
                diff = [f"-issuer {had.issuer}", "+issuer the site's own authority"]
        if diff and trusted is None:
            diff.append("+authority of the site's own")
        if not diff and had is not None and not said.says(had.ends.timestamp()):
            diff = ["+metric of its end"]
        action = Action.NOOP if not diff else Action.CREATE if had is None else Action.UPDATE
        return Change(resource=self._name, action=action, diff=tuple(diff))

    def apply(self, change: Change) -> tuple[Step, ...]:
        ssl, ca = self.home / "ssl", self.home / "ca"
        certificate = str(ssl / "server.crt")
        steps: list[Step] = [Shell(remote("certificate.sh")), ("keep", str(self.metrics))]
        if change.diff != ("+metric of its end",):
            new = any(line.startswith("+authority") for line in change.diff)
            touched = [ssl / "server.crt", ssl / "server.key", ssl / "ca.crt"]
            touched += [ca / "ca.crt", ca / "ca.key"] if new else []
            steps += [("keep", str(path)) for path in touched]
            name = self.names[0][:COMMON_NAME]
            alternatives = ",".join(_alternatives(self.names))
            which = "new" if new else "kept"
            steps.append(("issue_certificate", str(self.home), name, alternatives, which))
        return (*steps, ("certificate_metrics", certificate, str(self.metrics)))

    @property
    def _name(self) -> str:
        return f"certificate:{self.home / 'ssl' / 'server.crt'}"

    def _lasts(self, authority: CertificateFacts) -> bool:
        return authority.days_left(self.now) > DAYS

    def _outdated(self, had: CertificateFacts) -> list[str]:
        diff: list[str] = []
        if set(had.names) != {_plain(name) for name in self.names}:
            diff += [f"-names {', '.join(had.names)}", f"+names {', '.join(self.names)}"]
        if (left := had.days_left(self.now)) < RENEW:
            diff += [f"-days left {left}", f"+days left {DAYS}"]
        return diff


def _facts(pair: answer.Pair) -> CertificateFacts | None:
    """Return what can be read of it; something else in its place counts as nothing."""
    try:
        facts = CertificateFacts.of_pem(pair.certificate)
    except ValueError:
        return None
    return facts


def _signed(server: answer.Pair, *, by: answer.Pair) -> bool:
    try:
        parsed(server.certificate)[0].verify_directly_issued_by(parsed(by.certificate)[0])
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _plain(name: str) -> str:
    try:
        return str(ip_address(name))
    except ValueError:
        return name.lower()


def _alternatives(names: Iterable[str]) -> Iterable[str]:
    """Yield the names as openssl wants them."""
    for name in dict.fromkeys(map(_plain, names)):
        try:
            ip_address(name)
        except ValueError:
            yield f"DNS:{name}"
        else:
            yield f"IP:{name}"
