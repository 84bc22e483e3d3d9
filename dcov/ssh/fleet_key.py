"""The one key that dcov logs in to the fleet with."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from dcov.errors import ConfigError
from dcov.inventory.site import Site
from dcov.ssh.known_hosts import Line

PLACE = Path("ssh_keys") / "fleet_key"  # beside the configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetKey:
    """A key pair on this machine: the private key at `path`, the public one beside it."""

    path: Path
    public: str
    fingerprint: str


def fleet_key_path(site: Site) -> Path:
    """Return where the site's key lies, or would lie."""
    declared = site.settings.ssh.key_path
    return declared if declared is not None else site.folder / PLACE


def generate(path: Path, *, comment: str) -> FleetKey:
    """Make an ed25519 key in OpenSSH's form; raises ConfigError where there is one already."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    encoded = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    public = f"{encoded} {comment}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_new(path, private, mode=0o600)
        _write_new(path.with_name(f"{path.name}.pub"), f"{public}\n".encode(), mode=0o644)
    except FileExistsError as exists:
        raise ConfigError.about(
            "is there already; a key is never replaced", file=Path(exists.filename)
        ) from None
    except OSError as error:
        raise ConfigError.about(f"cannot be written: {error.strerror}", file=path) from error
    return FleetKey(path=path, public=public, fingerprint=Line.parse(f"key {encoded}").fingerprint)


def _write_new(path: Path, content: bytes, *, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(handle)
