"""A TCP proxy that gives a loopback server the distance, and the accidents, of a real one."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Sequence
from typing import Self

CHUNK = 65536
QUEUED = 1024  # chunks under way; then the sender is held up
LOOPBACK = "127.0.0.1"


class DelayProxy:
    """Forwards to a server, each way late by `delay` seconds, for the time of a `with` block.

    The delay is added to each chunk and not between them, as distance does: throughput is not
    limited by it. `cut` and `freeze` break the connections as a crash and a lost route do. It
    listens on one port of each of `listen`, addresses of this machine: each may be a server.
    """

    def __init__(
        self,
        port: int,
        *,
        address: str = LOOPBACK,
        delay: float = 0.0,
        listen: Sequence[str] = (LOOPBACK,),
    ) -> None:
        self.address, *self._more = listen
        self.port = 0
        self._target = (address, port)
        self._delay = delay
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Reset every connection; new ones are forwarded."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result()

    def freeze(self) -> None:
        """Forward nothing more and close nothing, until `thaw`."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def thaw(self) -> None:
        """Forward again, first what came meanwhile."""
        self._loop.call_soon_threadsafe(self._flowing.set)

    async def _listen(self) -> None:
        self._flowing.set()
        first = await asyncio.start_server(self._join, self.address, 0, backlog=1024)
        self.port = first.sockets[0].getsockname()[1]
        self._servers = [first]
        if self._more:
            more = await asyncio.start_server(self._join, self._more, self.port, backlog=1024)
            self._servers.append(more)

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        await self._cut()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _cut(self) -> None:
        for writer in self._writers:
            if writer.transport.is_closing():
                continue
            # Without this abort() would end the connection in good order.
            link: socket.socket = writer.get_extra_info("socket")
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def _join(self, near: asyncio.StreamReader, caller: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        writers = {caller}
        self._writers |= writers
        try:
            far, server = await asyncio.open_connection(*self._target)
            writers.add(server)
            self._writers |= writers
            await asyncio.gather(self._forward(near, server), self._forward(far, caller))
        except OSError:
            pass  # either side has gone, and with it the connection
        finally:
            for writer in writers:
                writer.transport.abort()
            self._writers -= writers
            self._tasks.discard(task)

    async def _forward(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(QUEUED)
        sender = asyncio.ensure_future(self._send(queue, sink))
        try:
            data = b"..."
            while data:
                data = await source.read(CHUNK)
                await queue.put((self._loop.time() + self._delay, data))
            await sender
        finally:
            sender.cancel()

    async def _send(
        self, queue: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter
    ) -> None:
        while True:
            due, data = await queue.get()
            await asyncio.sleep(due - self._loop.time())
            await self._flowing.wait()
            if not data:
                sink.write_eof()
                return
            sink.write(data)
            await sink.drain()
