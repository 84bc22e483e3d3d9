"""A program on a server that is talked to: its two streams, as a socket has them."""

from __future__ import annotations

import io
import time
from contextlib import suppress
from typing import Any

from dcov.ssh.pipe import Pipe

LONGEST_WAIT = 3600.0  # seconds, where no timeout is set
KEPT = 2000  # characters of what it says on stderr


class Stdio(io.RawIOBase):
    """Bytes to a program's stdin and from its stdout, as far as http.client uses a socket.

    `said` is the end of what came on stderr: why it ended, where it ended by itself.
    """

    def __init__(self, pipe: Pipe, *, first: bytes = b"") -> None:
        super().__init__()
        self._pipe = pipe
        self._ready = first
        self._timeout: float | None = None
        self._over = False
        self._said = b""

    @property
    def said(self) -> str:
        """What the program said on stderr, its end."""
        return self._said.decode(errors="replace").strip()

    @property
    def usable(self) -> bool:
        """Whether it can take another request: it runs, and nobody has closed it."""
        return not (self._over or self.closed or self._pipe.exit_code is not None)

    def settimeout(self, seconds: float | None) -> None:
        """Wait so long for the next bytes; None waits as long as it takes."""
        self._timeout = seconds

    def gettimeout(self) -> float | None:
        """Return how long it waits."""
        return self._timeout

    def sendall(self, data: bytes) -> None:
        """Write all of it; raises BrokenPipeError where the program has ended."""
        try:
            self._pipe.send(data, within=self._timeout or LONGEST_WAIT)
        except TimeoutError:
            raise
        except (OSError, EOFError) as error:
            raise BrokenPipeError(str(error)) from error

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read what has come, waiting for the first byte; 0 at the end."""
        if not self._ready and not self._over:
            self._ready = self._next()
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def makefile(self, mode: str = "rb", *_: object, **__: object) -> io.BufferedReader:
        """Return a reader; closing it closes nothing, as with a socket."""
        del mode
        return io.BufferedReader(_Reader(self))

    def close(self) -> None:
        """End the program: its stdin closes."""
        if not self.closed:
            super().close()
            with suppress(OSError):
                self._pipe.close()

    def _next(self) -> bytes:
        until = time.monotonic() + (self._timeout or LONGEST_WAIT)
        while (left := until - time.monotonic()) > 0:
            got = self._pipe.read(wait=left)
            if got is None:
                self._over = True
                return b""
            out, err = got
            self._said = (self._said + err)[-KEPT:]
            if out:
                return out
        raise TimeoutError("no answer in time")


class _Reader(io.RawIOBase):
    """One response's view of a stream that goes on after it."""

    def __init__(self, stream: Stdio) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        return self._stream.readinto(buffer)

    def settimeout(self, seconds: float | None) -> None:
        self._stream.settimeout(seconds)

    def gettimeout(self) -> float | None:
        return self._stream.gettimeout()
