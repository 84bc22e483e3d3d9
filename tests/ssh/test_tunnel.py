"""HTTP over a forwarded channel, from servers that end the connection with their answer."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from certificates import made
from ssh.fleets import Yard

from dcov import Context, task
from dcov.clients.tls_tunnel import Certificates, tunnelled_tls
from dcov.clients.tunnel import tunnelled

BODY = b"up 1\n" * 2_000
HEADS = {
    "length": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(BODY),
    "until its end": b"HTTP/1.0 200 OK\r\n\r\n",
}
Wrap = Callable[[socket.socket], Any]


@contextmanager
def answering(head: bytes, *, wrap: Wrap = lambda link: link) -> Iterator[int]:
    """Have a server whose body comes a moment after its head, and then the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    link = wrap(listener.accept()[0])
                    link.recv(4096)
                    link.sendall(head)
                    time.sleep(0.1)
                    link.sendall(BODY)
                    link.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def got(yard: Yard, get: Callable[[Context], bytes]) -> bytes:
    """What a task on a server gets."""

    @task(on="all")
    def fetch(ctx: Context) -> bytes:
        """Fetch it."""
        return get(ctx)

    outcome = yard.fleet()["gpu-01"].run(fetch)
    assert isinstance(outcome.value, bytes)
    return outcome.value


@pytest.mark.parametrize("head", HEADS)
def test_a_body_that_comes_after_its_head_is_read_to_the_end(yard: Yard, head: str) -> None:
    with answering(HEADS[head]) as port:

        def get(ctx: Context) -> bytes:
            with tunnelled(ctx.open_port) as http:
                return http.get(f"http://127.0.0.1:{port}/metrics", timeout=5).content

        assert got(yard, get) == BODY


@pytest.mark.parametrize("head", HEADS)
def test_it_is_by_tls_as_well(yard: Yard, tmp_path: Path, head: str) -> None:
    own = made("head.example", names=("head.example",))
    (tmp_path / "pem").write_text(own.key_pem() + own.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pem")
    shown = Certificates()
    wrap = lambda link: context.wrap_socket(link, server_side=True)  # noqa: E731
    with answering(HEADS[head], wrap=wrap) as port:

        def get(ctx: Context) -> bytes:
            with tunnelled_tls(ctx.open_port, name="head.example", shown=shown) as http:
                return http.get(f"https://127.0.0.1:{port}/", timeout=5).content

        assert got(yard, get) == BODY
    assert ssl.DER_cert_to_PEM_cert(shown.shown) == own.pem


def test_one_that_ends_too_early_is_told(yard: Yard) -> None:
    """What was promised and did not come is no empty answer."""
    head = HEADS["length"].replace(b"Content-Length: 1", b"Content-Length: 2")
    with answering(head) as port:

        def get(ctx: Context) -> bytes:
            with tunnelled(ctx.open_port) as http, pytest.raises(requests.RequestException):
                http.get(f"http://127.0.0.1:{port}/metrics", timeout=5)
            return b"raised"

        assert got(yard, get) == b"raised"
