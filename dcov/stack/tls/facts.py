"""What a certificate says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """A certificate as it can be shown: nothing in it is secret."""

    names: tuple[str, ...]
    subject: str
    issuer: str
    begins: datetime
    ends: datetime
    fingerprint: str
    public_key: str

    @classmethod
    def of(cls, certificate: x509.Certificate) -> CertificateFacts:
        """Read one that is parsed already."""
        return cls(
            names=_names(certificate),
            subject=certificate.subject.rfc4514_string(),
            issuer=certificate.issuer.rfc4514_string(),
            begins=certificate.not_valid_before_utc,
            ends=certificate.not_valid_after_utc,
            fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
            public_key=certificate.public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            .decode(),
        )

    @classmethod
    def of_pem(cls, text: str) -> CertificateFacts:
        """Read the first one of a file; raises ValueError where there is none."""
        return cls.of(parsed(text)[0])

    def days_left(self, now: datetime) -> int:
        """Return for how many whole days it is still good; below 0 once it has ended."""
        return (self.ends - now) // DAY

    def covers(self, name: str) -> bool:
        """Whether a browser accepts it for this DNS name or address."""
        wanted = _plain(name)
        _, _, parent = wanted.partition(".")
        return wanted in self.names or (not _is_address(wanted) and f"*.{parent}" in self.names)

    def has_key(self, public_key: str) -> bool:
        """Whether it belongs to the key with this public half, in PEM."""
        return self.public_key.split() == public_key.split()


def parsed(text: str) -> list[x509.Certificate]:
    """Return the certificates of a PEM file in their order; raises ValueError where it has none."""
    return x509.load_pem_x509_certificates(text.encode(errors="surrogateescape"))


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    dns = found.get_values_for_type(x509.DNSName)
    addresses = found.get_values_for_type(x509.IPAddress)
    return (*(name.lower() for name in dns), *map(str, addresses))


def _plain(name: str) -> str:
    """Return a name as certificates are compared by."""
    return str(ip_address(name)) if _is_address(name) else name.lower().rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
