"""Host keys that nobody knows, taken on trust."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

import paramiko

from dcov.ssh.known_hosts import Checked, Verdict


class Newcomers:
    """Takes the first key that a new name shows for its own, and remembers whose it took.

    The keys are written into `file`. A plan gives none: it changes nothing on this machine
    either, and believes what it saw until it ends.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._lock = Lock()
        self._believed: dict[str, paramiko.PKey] = {}
        self._told: set[str] = set()

    def judge(self, name: str, *, key: paramiko.PKey) -> Checked:
        """Take the key, or say that this name has shown another one before."""
        if self._file is not None:
            # Only here, because it takes its lock from filelock, which brings asyncio along.
            from dcov.ssh.enrolment import enrol

            checked = enrol(self._file, name=name, key=key)
            if checked.verdict is not Verdict.KNOWN:
                return checked
        with self._lock:
            first = self._believed.setdefault(name.lower(), key)
        if first.asbytes() == key.asbytes():
            return Checked(verdict=Verdict.KNOWN)
        return Checked(verdict=Verdict.CHANGED, known=(first.fingerprint,))

    def tell(self, name: str) -> str:
        """Say, the first time it is asked, that this name's key was taken; else nothing."""
        with self._lock:
            key = self._believed.get(name.lower())
            if key is None or name.lower() in self._told:
                return ""
            self._told.add(name.lower())
        return f"host key {key.fingerprint} of {name} taken on trust"
