"""The certificate authority of one lab: the registry and the ACME server answer by https."""

import ssl
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from . import apt
from .command import run

NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A folder with `ca.crt`, which clients trust, and what it has certified."""

    folder: Path

    @property
    def certificate(self) -> Path:
        """What a client has to trust."""
        return self.folder / "ca.crt"

    def issue(self, name: str, *, addresses: tuple[str, ...] = ()) -> tuple[Path, Path]:
        """The certificate of this name and these addresses, and its key; made once."""
        self._ensure()
        certificate, key = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        if certificate.exists():
            return certificate, key
        also = ",".join((f"DNS:{name}", *(f"IP:{address}" for address in addresses)))
        self._certify(
            *("-subj", f"/CN={name}", "-CA", str(self.certificate)),
            *("-CAkey", str(self.folder / "ca.key")),
            *("-addext", f"subjectAltName={also}", "-addext", "basicConstraints=CA:FALSE"),
            into=certificate,
            key=key,
        )
        return certificate, key

    def ask(self, url: str, *, accept: str = "*/*") -> bytes:
        """What the server says, which must show a certificate of this authority."""
        trust = ssl.create_default_context(cafile=str(self.certificate))
        asked = urllib.request.Request(url, headers={"Accept": accept})
        with urllib.request.urlopen(asked, context=trust, timeout=10) as answer:
            content: bytes = answer.read()
        return content

    def _ensure(self) -> None:
        if not self.certificate.exists():
            self.folder.mkdir(mode=0o700, exist_ok=True)
            key = self.folder / "ca.key"
            self._certify("-subj", "/CN=dcov lab", into=self.certificate, key=key)

    def _certify(self, *argv: str, into: Path, key: Path) -> None:
        apt.ensure_tools({"openssl": "openssl"})
        staged = into.with_suffix(".new")
        ends = ("-days", "3650", "-keyout", str(key), "-out", str(staged))
        run(("openssl", "req", "-x509", *NEW_KEY, *argv, *ends))
        staged.rename(into)
