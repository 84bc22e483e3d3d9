"""A host key that shows a certificate: whose it is, and whether it holds for a server.

paramiko 5 negotiates host certificates and checks that the server has the certified key, but
looks at nothing else in the certificate: that is done here.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

import paramiko
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificate,
    SSHCertificateType,
    load_ssh_public_identity,
)

# What to put before the plain types in the offer where a name has a certificate authority.
CERTIFICATE_TYPES = (
    "ssh-ed25519-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com",
    "rsa-sha2-512-cert-v01@openssh.com",
    "rsa-sha2-256-cert-v01@openssh.com",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCertificate:
    """What a certificate says; `signer` is the key of its authority as it stands on the wire."""

    signer: bytes
    content: SSHCertificate

    @classmethod
    def of(cls, key: paramiko.PKey) -> Self | None:
        """Read the certificate that came with a host key; None where there is none to use."""
        blob = key.public_blob
        if blob is None:
            return None
        line = f"{blob.key_type} {base64.b64encode(blob.key_blob).decode()}"
        try:
            content = load_ssh_public_identity(line.encode())
            if not isinstance(content, SSHCertificate):
                return None
            signer = content.signature_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        except (ValueError, UnsupportedAlgorithm):
            return None  # an authority with a key type that we cannot verify certifies nothing
        return cls(signer=base64.b64decode(signer.split()[1]), content=content)

    def fault(self, name: str, *, at: datetime | None = None) -> str:
        """Say why it does not hold for this name at this time (now); empty where it does."""
        return next(self._faults(name, seconds=(at or datetime.now(UTC)).timestamp()), "")

    def _faults(self, name: str, *, seconds: float) -> Iterator[str]:
        content = self.content
        names = [principal.decode(errors="replace") for principal in content.valid_principals]
        if content.type is not SSHCertificateType.HOST:
            yield "is not for a host"
        if seconds < content.valid_after:
            yield f"is valid only from {_day(content.valid_after)} on"
        if seconds >= content.valid_before:
            yield f"expired {_day(content.valid_before)}"
        # No names at all: "valid for all users or hosts", ssh-keygen(1). In a name, `*` is but a
        # letter, and ssh compares what it has put in small letters.
        if names and name.lower() not in names:
            yield f"is for {', '.join(names)}"
        if content.critical_options:  # none is defined for hosts, and an unknown one must refuse
            yield "has critical options that are not known"
        try:
            content.verify_cert_signature()
        except (InvalidSignature, ValueError, UnsupportedAlgorithm):
            yield "has a signature that does not verify"


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
