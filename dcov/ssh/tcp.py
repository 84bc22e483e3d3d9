"""The TCP connection below SSH: opened by us, because paramiko never sets TCP_NODELAY."""

from __future__ import annotations

import errno
import ipaddress
import socket
import threading
import time
from contextlib import suppress
from threading import Lock
from typing import Any

import paramiko

from dcov.errors import (
    ConnectTimeoutError,
    NoBannerError,
    RefusedError,
    UnresolvableError,
)

DEAD_AFTER_MS = 30_000  # unacknowledged data for so long means that the peer is gone
SocketLike = socket.socket | paramiko.Channel


class DroppedError(Exception):
    """The connection was closed before a banner came: how sshd throttles (MaxStartups)."""


def resolve(server: str, *, address: str, port: int, within: float) -> list[tuple[Any, ...]]:
    """Return getaddrinfo's answer, under a deadline that the resolver itself does not have."""
    answer: list[Any] = []

    def ask() -> None:
        try:
            answer.append(socket.getaddrinfo(address, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:  # the latter for a label longer than 63 letters
            answer.append(error)

    if _is_literal(address):
        ask()
    else:
        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(within)
    if not answer:
        raise UnresolvableError(server=server, address=address, detail="no answer in time")
    if isinstance(answer[0], Exception):
        detail = getattr(answer[0], "strerror", "") or str(answer[0])
        raise UnresolvableError(server=server, address=address, detail=detail)
    found: list[tuple[Any, ...]] = answer[0]
    return found


def _is_literal(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True


def dial(server: str, *, address: str, port: int, within: float) -> socket.socket:
    """Open a tuned TCP connection; raises the ConnectError that names what went wrong.

    Each address of a name gets its share of the time, so that one that drops what is sent to it
    leaves some for the next.
    """
    until = time.monotonic() + within
    place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    last: OSError = OSError("no address")
    found = resolve(server, address=address, port=port, within=within)
    for tried, (family, kind, protocol, _, where) in enumerate(found):
        share = (until - time.monotonic()) / (len(found) - tried)
        try:
            sock = socket.socket(family, kind, protocol)
        except OSError as error:  # this kernel has no IPv6, and the name has such an address
            last = error
            continue
        sock.settimeout(max(share, 0.01))
        try:
            sock.connect(where)
        except OSError as error:
            sock.close()
            last = error
            continue
        tune(sock)
        return sock
    if isinstance(last, TimeoutError):
        raise ConnectTimeoutError(server=server, address=place, seconds=within)
    raise RefusedError(server=server, address=place, detail=last.strerror or str(last))


def tune(sock: socket.socket) -> None:
    """Send small packets at once, and notice a dead peer within half a minute."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", 15),
        ("TCP_KEEPINTVL", 5),
        ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", DEAD_AFTER_MS),
    ):
        if hasattr(socket, option):  # macOS lacks two of them
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


class Greeted:
    """A connection whose first bytes have been seen already: paramiko reads them again.

    Reading them ourselves tells "closed at once" from "silent" from "not SSH" without
    matching the texts of exceptions.
    """

    def __init__(self, line: SocketLike, *, server: str, place: str, within: float) -> None:
        self._line = line
        self._closed = False  # paramiko looks at this name when it stops its thread
        self._lock = Lock()
        self._head = self._first_bytes(server, place=place, within=within)

    def _first_bytes(self, server: str, *, place: str, within: float) -> bytes:
        self._line.settimeout(within)
        try:
            head: bytes = self._line.recv(255)
        except TimeoutError:
            detail = f"silent for {within:g} s"
            raise NoBannerError(server=server, address=place, detail=detail) from None
        except OSError as error:
            raise DroppedError(str(error)) from None
        if not head or head.startswith(b"Exceeded MaxStartups"):
            raise DroppedError("closed before the banner")
        if not head.startswith(b"SSH-"):
            shown = head[:40].decode("ascii", "replace").strip()
            raise NoBannerError(server=server, address=place, detail=f"it said {shown!r}")
        return head

    def recv(self, size: int) -> bytes:
        if self._head:
            head, self._head = self._head[:size], self._head[size:]
            return head
        data: bytes = self._line.recv(size)
        return data

    def send(self, data: bytes) -> int:
        # Data that overtakes the close of a forwarded channel makes sshd hang up on the jump host
        # and all servers behind it ("data packet referred to nonexistent channel"); a channel of
        # paramiko does not order the two by itself.
        with self._lock:
            if self._closed:
                raise OSError(errno.EBADF, "the line is closed")
            return self._line.send(data)

    def settimeout(self, seconds: float | None) -> None:
        self._line.settimeout(seconds)

    def getpeername(self) -> Any:
        return self._line.getpeername()

    def close(self) -> None:
        # Without the shutdown paramiko's reader sleeps on until its next poll.
        if isinstance(self._line, socket.socket):
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._closed = True
            # Where the jump host's own connection is gone, so is the channel through it.
            with suppress(OSError, EOFError, paramiko.SSHException):
                self._line.close()
