"""What is sent to a server, and what came back."""

from __future__ import annotations

import re
import shlex
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dcov.secret import Masker

Argv = Sequence[str]
Sink = Callable[[bytes], None]
TAIL = 65_536  # bytes kept of each stream; what is longer goes to a sink
CHUNK_READ = 1 << 20  # bytes of a file read at once
SAFE = re.compile(r"[A-Za-z0-9@%+=:,./_-]+")


class Shell(str):
    """A text that the remote shell is to interpret; a plain `str` is never a command."""

    __slots__ = ()


def quote(argv: Argv) -> str:
    """Return the words as one line that a POSIX shell splits into just these words.

    The only quoting in dcov: everything that reaches a remote shell has been through here.
    """
    return " ".join(word if SAFE.fullmatch(word) else shlex.quote(word) for word in argv)


def as_shell(command: Argv | Shell) -> Shell:
    """Return the text that a shell runs for this command."""
    if isinstance(command, Shell):
        return command
    if isinstance(command, str):
        raise TypeError("a command is a sequence of words, or a Shell(...) text")
    return Shell(quote(command))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a command ended; both texts are masked, and hold the last 64 KiB of their stream.

    `exit_code` is -1 where a signal ended the command. `seconds` are of wall clock.
    """

    command: str
    exit_code: int
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0
    cut: bool = False  # whether a stream was longer than its tail

    def __str__(self) -> str:
        return (self.stdout or self.stderr).strip()

    @property
    def ok(self) -> bool:
        """Whether the exit code is 0."""
        return self.exit_code == 0

    @property
    def tail(self) -> str:
        """The last three lines worth reading: of stderr, or else of stdout."""
        lines = [line for line in (self.stderr or self.stdout).splitlines() if line.strip()]
        return " | ".join(line.strip() for line in lines[-3:])


class Tail:
    """The end of a stream: bounded, and safe to show.

    A secret that the cut would divide cannot be recognised, so as many bytes as the longest
    secret has are kept in addition and dropped after masking.
    """

    def __init__(self, *, masker: Masker, limit: int = TAIL, sink: Sink | None = None) -> None:
        self._masker = masker
        self._limit = limit
        self._sink = sink
        self._chunks: deque[bytes] = deque()
        self._kept = 0
        self.total = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        if self._sink is not None:
            self._sink(data)
        self._chunks.append(data)
        self._kept += len(data)
        self.total += len(data)
        room = self._limit + self._masker.longest
        while self._kept - len(self._chunks[0]) >= room:
            self._kept -= len(self._chunks.popleft())

    @property
    def cut(self) -> bool:
        """Whether bytes were dropped."""
        return self.total > self._limit

    def text(self) -> str:
        """Return the tail, masked."""
        data = b"".join(self._chunks)
        if not self.cut:
            return self._masker.data(data).decode(errors="replace")
        masked = self._masker.data(data)[self._masker.longest :]
        return masked[-self._limit :].decode(errors="replace")
