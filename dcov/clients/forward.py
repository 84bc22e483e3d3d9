"""A port of this machine that leads to one as a server sees it."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Self

from dcov.clients.tunnel import OpenPort
from dcov.errors import ConnectError
from dcov.ssh.tcp import SocketLike

logger = logging.getLogger("dcov")
CHUNK = 65536


class Forward:
    """Listens on this machine's loopback until it is closed, and passes on what comes.

    `port` is the one that was free, if none was asked for.
    """

    def __init__(
        self,
        open_port: OpenPort,
        *,
        to: tuple[str, int],
        local: int = 0,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        self._open_port = open_port
        self._to = to
        self._on_close = on_close
        self._socket = socket.create_server(("127.0.0.1", local))
        self.port: int = self._socket.getsockname()[1]
        self._thread = Thread(target=self._accept, name=f"dcov-forward-{self.port}", daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._socket.accept()
            except OSError:  # closed
                return
            Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        host, port = self._to
        try:
            channel: SocketLike = self._open_port(port, host=host, within=10.0)
        except (OSError, ConnectError) as error:
            logger.warning("nothing answers on %s:%s: %s", host, port, error)
            caller.close()
            return
        channel.settimeout(None)
        back = Thread(target=_pump, args=(channel, caller), daemon=True)
        back.start()
        _pump(caller, channel)
        back.join()
        channel.close()
        caller.close()

    def wait(self) -> None:
        """Wait until it is closed, or Ctrl-C."""
        self._thread.join()

    def close(self) -> None:
        """Listen no more; connections that are open end with ours."""
        with suppress(OSError):  # Linux wakes who accepts only so
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._on_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _pump(source: SocketLike, sink: SocketLike) -> None:
    """Pass on what comes until it ends, and that it has ended."""
    with suppress(OSError):
        while data := source.recv(CHUNK):
            sink.sendall(data)
    with suppress(OSError):
        if isinstance(sink, socket.socket):
            sink.shutdown(socket.SHUT_WR)
        else:
            sink.shutdown_write()
