"""Private keys, each loaded once per run: parsing an RSA-4096 key costs 239 ms."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

import paramiko
from paramiko.pkey import UnknownKeyType

from dcov.errors import ConfigError


class Keyring:
    """The private keys of a run, by path."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._keys: dict[Path, paramiko.PKey] = {}

    def key(self, path: Path) -> paramiko.PKey:
        """Return the key in this file; raises ConfigError naming the file and the remedy."""
        with self._lock:
            if path not in self._keys:
                self._keys[path] = self._load(path)
            return self._keys[path]

    def _load(self, path: Path) -> paramiko.PKey:
        try:
            return paramiko.PKey.from_path(path)
        except FileNotFoundError:
            message = "no such key file; `dcov keys generate` makes the fleet key"
        except PermissionError:
            message = "this user may not read the key file"
        except OSError as error:
            message = f"the key file cannot be read: {error.strerror}"
        # from_path() meets the passphrase in cryptography, and passes that one's error on.
        except (paramiko.PasswordRequiredException, TypeError):
            message = "the key has a passphrase: add it to an ssh-agent and set ssh.agent: true"
        except (paramiko.SSHException, UnknownKeyType, ValueError) as error:
            message = f"not a private key that can be used: {error}"
        raise ConfigError.about(message, file=path, key="key_path")
