"""Whether a certificate can be used."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from dcov.errors import (
    CertificateChainError,
    CertificateDateError,
    CertificateKeyError,
    CertificateNameError,
    CertificateUnreadableError,
)
from dcov.stack.tls.facts import CertificateFacts, parsed
from dcov.stack.tls.found import Pair, Place

CLOCKS = timedelta(days=1)  # by which this machine's may be behind that of who signed


def checked(pair: Pair, *, place: Place, name: str, now: datetime) -> CertificateFacts:
    """Return what the certificate says of itself; raises a CertificateError where it is no good.

    It must be for `name`, good at `now`, belong to its key, and stand before its issuers in order.
    """
    file, key_file = map(str, place)
    try:
        chain = parsed(pair.certificate)
    except ValueError:
        raise CertificateUnreadableError(file=file, what="certificate") from None
    facts = CertificateFacts.of(chain[0])
    if pair.key in {"absent", "unreadable"}:
        raise CertificateUnreadableError(file=key_file, what="key")
    if not facts.has_key(pair.key):
        raise CertificateKeyError(file=key_file, certificate=file)
    for position, (one, issuer) in enumerate(pairwise(chain), start=2):
        if not _signed(one, by=issuer):
            subject = issuer.subject.rfc4514_string()
            raise CertificateChainError(file=file, position=position, subject=subject)
    if not facts.begins - CLOCKS <= now < facts.ends:
        begins, ends = (f"{day:%Y-%m-%d %H:%M} UTC" for day in (facts.begins, facts.ends))
        raise CertificateDateError(file=file, begins=begins, ends=ends)
    if not facts.covers(name):
        raise CertificateNameError(file=file, names=", ".join(facts.names) or "no name", name=name)
    return facts


def _signed(one: x509.Certificate, *, by: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
