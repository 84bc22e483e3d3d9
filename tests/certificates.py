"""Certificates for tests, as good or bad as they are wanted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

NOW = datetime.now(tz=UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Made:
    """A certificate of these tests, and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def key_pem(self, password: bytes = b"") -> str:
        encryption = BestAvailableEncryption(password) if password else NoEncryption()
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def made(
    name: str,
    *,
    by: Made | None = None,
    days: int = 90,
    begins: datetime = NOW - timedelta(days=1),
    names: tuple[str, ...] = (),
    addresses: tuple[str, ...] = (),
) -> Made:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=days))
        .add_extension(
            x509.BasicConstraints(ca=not names and not addresses, path_length=None), critical=True
        )
    )
    if names or addresses:
        alternatives = x509.SubjectAlternativeName(
            [
                *(x509.DNSName(item) for item in names),
                *(x509.IPAddress(ip_address(item)) for item in addresses),
            ]
        )
        builder = builder.add_extension(alternatives, critical=False)
    return Made(builder.sign(by.key if by else key, hashes.SHA256()), key)
