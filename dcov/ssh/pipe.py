"""The two ends that a command can run on: an SSH channel, or a process of this machine."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from contextlib import suppress
from threading import Event, Thread
from typing import Protocol

import paramiko

LOOK = 0.25  # seconds between two looks at a command that has ended, or is a local process
CHUNK = 32_704  # what fits one SSH packet together with its header: 126 -> 145 MB/s


class Pipe(Protocol):
    """A started command: bytes in, two streams of bytes out, an exit code."""

    def send(self, data: bytes | memoryview, *, within: float) -> None:
        """Write all of it to stdin; raises OSError when the link is gone or time is up."""
        ...

    def end_input(self) -> None:
        """Close stdin."""
        ...

    def read(self, *, wait: float) -> tuple[bytes, bytes] | None:
        """Return what has come on both streams, waiting at most so long; None at the end."""
        ...

    def wake(self) -> None:
        """Make a waiting `read` return."""
        ...

    @property
    def exit_code(self) -> int | None:
        """The exit code, -1 for a signal, None while it runs or when the link broke."""
        ...

    def close(self) -> None:
        """Let go; closing stdin tells a wrapped command to end."""
        ...


STRAGGLERS = 2.0  # seconds for output after the exit code: a daemon may keep the streams


class Echoing(Event):
    """An event that sets another one too."""

    def __init__(self, other: Event) -> None:
        super().__init__()
        self._other = other

    def set(self) -> None:
        super().set()
        self._other.set()


class ChannelPipe:
    """A command on an SSH channel."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self._channel = channel
        # One event for both streams: no polling, no file descriptors.
        self._event = Event()
        channel.in_buffer.set_event(self._event)
        channel.in_stderr_buffer.set_event(self._event)
        # The exit code must wake a reader as well: where a daemon keeps the streams, no end of
        # them ever comes.
        channel.status_event = Echoing(self._event)
        self._ended_at: float | None = None

    def send(self, data: bytes | memoryview, *, within: float) -> None:
        until = time.monotonic() + within
        view = memoryview(data)
        while view:
            self._channel.settimeout(max(until - time.monotonic(), 0.01))
            sent = self._channel.send(view[:CHUNK])  # type: ignore[arg-type]
            if not sent:
                raise BrokenPipeError("the channel is closed")
            view = view[sent:]

    def end_input(self) -> None:
        with suppress(OSError, EOFError):
            self._channel.shutdown_write()

    def read(self, *, wait: float) -> tuple[bytes, bytes] | None:
        got = self._ready()
        if got != (b"", b""):
            return got
        if self._over():
            return None
        # The event stays set after the end of the streams, and would spin.
        event = self._channel.status_event if self._channel.eof_received else self._event
        ending = self._channel.eof_received or self._channel.exit_status_ready()
        if ending:
            self._event.clear()
        event.wait(min(wait, LOOK) if ending else wait)
        return self._ready()

    def wake(self) -> None:
        self._event.set()

    @property
    def exit_code(self) -> int | None:
        if self._channel.exit_status_ready() and self._channel.status_event.is_set():
            code: int = self._channel.exit_status
            return None if code == -1 and not self._signalled() else code
        return None

    def close(self) -> None:
        with suppress(OSError, EOFError):
            self._channel.close()

    def _ready(self) -> tuple[bytes, bytes]:
        channel = self._channel
        out = channel.recv(1 << 20) if channel.recv_ready() else b""
        err = channel.recv_stderr(1 << 20) if channel.recv_stderr_ready() else b""
        return out, err

    def _over(self) -> bool:
        channel = self._channel
        if channel.closed or (channel.eof_received and channel.exit_status_ready()):
            return not (channel.recv_ready() or channel.recv_stderr_ready())
        if not channel.exit_status_ready():
            return False
        self._ended_at = self._ended_at or time.monotonic()
        return time.monotonic() - self._ended_at > STRAGGLERS

    def _signalled(self) -> bool:
        # paramiko sets status_event when the link breaks as well, with -1 and a dead transport.
        # It does so a moment before it says that it is dead, hence the second look.
        transport = self._channel.get_transport()
        return transport.is_active() and transport.saved_exception is None


class ProcessPipe:
    """A command on this machine, in a session of its own."""

    def __init__(self, argv: list[str]) -> None:
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe()
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._out, self._err = self._process.stdout, self._process.stderr
        for stream in (self._out, self._err, self._wake_read):
            self._selector.register(stream, selectors.EVENT_READ)
        self._ended_at: float | None = None

    def send(self, data: bytes | memoryview, *, within: float) -> None:
        del within  # a local reader that never reads is ended by the command's own deadline
        assert self._process.stdin is not None
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def end_input(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()

    def read(self, *, wait: float) -> tuple[bytes, bytes] | None:
        if len(self._selector.get_map()) == 1:
            return None if self._process.poll() is not None else self._wait(wait)
        if self._process.poll() is not None:
            self._ended_at = self._ended_at or time.monotonic()
            if time.monotonic() - self._ended_at > STRAGGLERS:
                return None
        got = {self._out: b"", self._err: b""}
        for key, _ in self._selector.select(min(wait, LOOK)):
            if key.fileobj == self._wake_read:
                os.read(self._wake_read, 64)
                continue
            data = os.read(key.fd, 1 << 16)
            got[key.fileobj] = data  # type: ignore[index]
            if not data:
                self._selector.unregister(key.fileobj)
        return got[self._out], got[self._err]

    def _wait(self, wait: float) -> tuple[bytes, bytes]:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(min(wait, LOOK))
        return b"", b""

    def wake(self) -> None:
        with suppress(OSError):
            os.write(self._wake_write, b"!")

    @property
    def exit_code(self) -> int | None:
        code = self._process.poll()
        return code if code is None or code >= 0 else -1

    def close(self) -> None:
        self.end_input()
        if self._process.poll() is None:
            # A tied command ends by the end of its stdin, a free one goes on; neither is waited
            # for here, and neither is to become a zombie.
            Thread(target=self._process.wait, daemon=True).start()
        self._selector.close()
        for stream in (self._out, self._err):
            stream.close()
        os.close(self._wake_read)
        os.close(self._wake_write)
