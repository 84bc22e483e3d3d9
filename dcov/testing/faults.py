"""Broken servers on loopback: each produces an error by its cause.

All are context managers with an `address` and a `port`; what they do is in their docstrings.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeAlias

LOOPBACK = "127.0.0.1"
Answer: TypeAlias = Callable[[socket.socket], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Where a broken server is."""

    port: int
    address: str = LOOPBACK


@contextmanager
def silent_server() -> Iterator[Fault]:
    """Accept every connection and never say anything, as an sshd that hangs does."""
    with _answering(lambda _: None) as fault:
        yield fault


@contextmanager
def foreign_server(greeting: bytes = b"HTTP/1.1 400 Bad Request\r\n\r\n" * 100) -> Iterator[Fault]:
    """Greet every connection with what is no SSH banner, as another service on the port does."""
    with _answering(lambda link: link.sendall(greeting)) as fault:
        yield fault


@contextmanager
def stalling_server() -> Iterator[Fault]:
    """Send an SSH banner and nothing after it, as a server that is out of memory does."""
    with _answering(lambda link: link.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")) as fault:
        yield fault


@contextmanager
def hanging_up_server() -> Iterator[Fault]:
    """Accept every connection and close it at once, as an sshd beyond MaxStartups does."""
    with _answering(lambda link: link.close()) as fault:
        yield fault


@contextmanager
def closed_port() -> Iterator[Fault]:
    """Refuse every connection: the port is bound, so that nobody takes it, and not listened on."""
    with socket.socket() as bound:
        bound.bind((LOOPBACK, 0))
        yield Fault(port=bound.getsockname()[1])


@contextmanager
def dropping_address() -> Iterator[Fault]:
    """Let every connection time out, as behind a firewall that drops.

    Linux drops the SYN where the queue of a listener that does not accept is full; other systems
    may refuse instead.
    """
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen(0)
        fault = Fault(port=listener.getsockname()[1])
        waiting = [_knock(fault) for _ in range(4)]  # one fills the queue; more do no harm
        try:
            yield fault
        finally:
            for link in waiting:
                link.close()


@contextmanager
def _answering(answer: Answer) -> Iterator[Fault]:
    with socket.create_server((LOOPBACK, 0), backlog=1024) as listener:
        links: list[socket.socket] = []
        thread = threading.Thread(target=_accept, args=(listener, answer, links), daemon=True)
        thread.start()
        try:
            yield Fault(port=listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
            thread.join()
            for link in links:
                link.close()


def _accept(listener: socket.socket, answer: Answer, links: list[socket.socket]) -> None:
    with suppress(OSError):  # the listener was shut down
        while True:
            link, _ = listener.accept()
            links.append(link)
            with suppress(OSError):  # the caller has gone
                answer(link)


def _knock(fault: Fault) -> socket.socket:
    link = socket.socket()
    link.setblocking(False)
    with suppress(BlockingIOError):
        link.connect((fault.address, fault.port))
    return link
