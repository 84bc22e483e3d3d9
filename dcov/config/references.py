"""Values that stand elsewhere: `${env:NAME}`, `${file:PATH}`, `${cmd:COMMAND}`."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dcov.config.source import Source

REFERENCE = re.compile(r"\$\{(env|file|cmd):(.*)\}", re.DOTALL)
WITHIN = 30.0  # seconds that a password manager may take, a finger on its key included


class Resolved(str):
    """A text that came from a reference, so that a number may be read from it."""

    __slots__ = ()


class ReferenceFailedError(ValueError):
    """The reference leads to no value, or may not be followed in this file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """Follows the references of one file, each of them once.

    What a file of somebody else's may make its reader do ends at his environment: reading any
    file, or running any command, would be done with the reader's rights.
    """

    source: Source
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    _known: dict[str, Resolved] = field(default_factory=dict)

    def follow(self, text: str) -> str:
        """Return what the text refers to, or the text itself where it is no reference."""
        found = REFERENCE.fullmatch(text)
        if found is None:
            if REFERENCE.search(text):
                raise ReferenceFailedError("a reference must be the whole value")
            return text
        if text not in self._known:
            value = self._value(found[1], found[2])
            if not value:
                raise ReferenceFailedError(f"the reference to {found[1]}:{found[2]} gives nothing")
            self._known[text] = Resolved(value)
        return self._known[text]

    def _value(self, kind: str, name: str) -> str:
        match kind:
            case "env":
                if name not in self.environ:
                    raise ReferenceFailedError(f"the environment has no {name}")
                return self.environ[name]
            case "file":
                self._only_mine(kind)
                return self._read(name)
            case _:
                self._only_mine(kind)
                return self._run(name)

    def _only_mine(self, kind: str) -> None:
        if not self.source.mine:
            raise ReferenceFailedError(
                f"${{{kind}:}} is followed only in a file of your own; "
                f"{self.source.file.name} belongs to uid {self.source.owner}"
            )
        if kind == "cmd" and self.source.open_to_writers:
            raise ReferenceFailedError(
                f"${{cmd:}} is followed only in a file that nobody else can write: "
                f"`chmod go-w {self.source.file}`"
            )

    def _read(self, name: str) -> str:
        try:
            path = self.source.folder / Path(name).expanduser()
        except RuntimeError as error:
            raise ReferenceFailedError(f"{name}: no such user's home") from error
        try:
            return path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "is not UTF-8"
            raise ReferenceFailedError(f"{path}: {why}") from error

    def _run(self, command: str) -> str:
        with subprocess.Popen(
            ("sh", "-c", command),
            cwd=self.source.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            try:
                out, err = process.communicate(timeout=WITHIN)
            except subprocess.TimeoutExpired:
                # run() would wait for whatever the shell has started, which holds the pipes. A
                # session of its own could be ended whole, and could ask nobody at the terminal.
                process.kill()
                message = f"`{command}` gave no answer within {WITHIN:g} s"
                raise ReferenceFailedError(message) from None  # its output may hold the secret
        if process.returncode:
            said = err.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
            raise ReferenceFailedError(f"`{command}` ended with {process.returncode}: {said[0]}")
        try:
            return out.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise ReferenceFailedError(f"`{command}` does not answer in UTF-8") from None
