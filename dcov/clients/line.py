"""A connection as http.client wants one: open as long as somebody reads from it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Protocol


class Wire(Protocol):
    """A channel, a socket, or TLS over one."""

    def recv(self, size: int, /) -> Any: ...

    def sendall(self, data: bytes, /) -> Any: ...

    def settimeout(self, seconds: float | None, /) -> Any: ...

    def close(self) -> Any: ...


class Line:
    """Ends its wire when it was closed, and all that was made to read from it as well.

    http.client closes its socket as soon as it has the head of an answer that is the last on the
    connection, and reads the body from a file that it made of the socket before. A socket of the
    system stays open for that file. A channel of paramiko's does not: what had not come by then
    was lost, in 4 % of the scrapes of an exporter that writes head and body apart.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._readers = 0
        self._closed = False

    def settimeout(self, seconds: float | None) -> None:
        """Wait so long for the next bytes; None waits as long as it takes."""
        self._wire.settimeout(seconds)

    def sendall(self, data: bytes) -> None:
        """Write all of it."""
        self._wire.sendall(data)

    def makefile(self, mode: str = "rb", *_: object, **__: object) -> io.BufferedReader:
        """Return a reader, for which the wire stays open."""
        del mode
        self._readers += 1
        return io.BufferedReader(_Reader(self._wire, at_end=self._leave))

    def close(self) -> None:
        """Close it, for those who write; readers go on to their end."""
        self._closed = True
        self._end()

    def _leave(self) -> None:
        self._readers -= 1
        self._end()

    def _end(self) -> None:
        if self._closed and not self._readers:
            self._wire.close()


class _Reader(io.RawIOBase):
    """What one answer is read from."""

    def __init__(self, wire: Wire, *, at_end: Callable[[], None]) -> None:
        super().__init__()
        self._wire = wire
        self._at_end = at_end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self._wire.recv(len(buffer)) or b""  # urllib3's TLS returns 0 at its end
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._at_end()
