"""One command on a pipe, from the handshake with sudo to the exit code."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from dcov.cancel import Cancel
from dcov.errors import (
    CommandTimeoutError,
    LinkLostError,
    SudoPasswordError,
    SudoRefusedError,
    SudoTerminalError,
)
from dcov.secret import Masker, Secret
from dcov.ssh.command import CHUNK_READ, Finished, Shell, Sink, Tail, quote
from dcov.ssh.pipe import Pipe
from dcov.ssh.stdio import Stdio

SHORT = 1024  # bytes of a script that may travel in argv
WHOLE = b"\n#dcov-whole"  # by which the server knows that it has all of one that came by stdin


class Readable(Protocol):
    """A file, as far as it is read."""

    def read(self, size: int, /) -> bytes: ...


NOT_ALLOWED = re.compile(r"(is not allowed to execute) '.*' (as \S+ on)", re.DOTALL)


class Tie(StrEnum):
    """What becomes of a command when its connection ends."""

    TIED = "tied"  # it ends too: whatever only reads, and what an operator typed
    FREE = "free"  # it goes on: a change that must not stop half way


@dataclass(frozen=True, slots=True, kw_only=True)
class Elevation:
    """How a login becomes root: not at all where it is root already."""

    user: str
    password: Secret | None = None

    @property
    def needed(self) -> bool:
        """Whether sudo stands between the login and root."""
        return self.user != "root"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What goes to the command's stdin once it is ready: a script, or a file."""

    argv: tuple[str, ...]  # the fixed reader that runs on the server
    content: Readable | bytes


def script(text: Shell, *, reader: str, tie: Tie, masker: Masker) -> Parcel:
    """Pack a script.

    It travels by stdin, so that no process list shows it; only a short one without a known
    secret goes in argv, which spares the server two processes.
    """
    data = text.encode()
    if len(data) <= SHORT and masker.data(data) == data and b"\0" not in data:
        return Parcel(argv=("sh", "-c", reader, "dcov", text, "argv", tie.value), content=b"")
    data += WHOLE
    size = str(len(data))
    return Parcel(argv=("sh", "-c", reader, "dcov", size, "stdin", tie.value), content=data)


class Exchange:
    """Runs one parcel on one pipe; `open_pipe` starts a command line on the server."""

    def __init__(
        self,
        open_pipe: Callable[[str], Pipe],
        *,
        server: str,
        address: str,
        masker: Masker,
        elevation: Elevation | None,
        cancel: Cancel,
    ) -> None:
        self._open_pipe = open_pipe
        self._server = server
        self._address = address
        self._masker = masker
        self._sudo = elevation if elevation is not None and elevation.needed else None
        self._cancel = cancel
        self._nonce = secrets.token_hex(8)

    def run(
        self,
        parcel: Parcel,
        *,
        shown: str,
        within: float,
        heedless: bool = False,
        sink: Sink | None = None,
    ) -> Finished:
        """Send the parcel and drain both streams until the command has ended.

        `shown` names the command in reports. A `heedless` command is not given up on cancel:
        the caller ends it by other means. Raises CommandTimeoutError, LinkLostError, the sudo
        errors, and what the cancel token raises.
        """
        began = time.monotonic()
        until = began + within
        pipe = self._open_pipe(self._line(parcel))
        out = Tail(masker=self._masker, sink=sink)
        err = Tail(masker=self._masker)
        unhook = None if heedless else self._cancel.on_cancel(pipe.wake)
        try:
            if self._sudo is not None:
                said = self._become_root(
                    pipe, until=until, within=within, shown=shown, heedless=heedless
                )
                out.feed(said[0])
                err.feed(said[1])
            self._send(pipe, parcel, until=until)
            while (got := pipe.read(wait=max(until - time.monotonic(), 0))) is not None:
                for tail, data in zip((out, err), got, strict=True):
                    if data:
                        tail.feed(data)
                if not heedless:
                    self._cancel.check()
                if time.monotonic() >= until:
                    raise CommandTimeoutError(command=shown, seconds=within, tail=err.text()[-200:])
            code = pipe.exit_code
            if code is None:
                raise self._lost(f"`{shown}`")
        finally:
            if unhook is not None:
                unhook()
            pipe.close()
        return Finished(
            command=shown,
            exit_code=code,
            stdout=out.text(),
            stderr=err.text(),
            seconds=time.monotonic() - began,
            cut=out.cut or err.cut,
        )

    def dial(self, argv: tuple[str, ...], *, within: float) -> Stdio:
        """Start a program that is talked to; it ends when its stdin does."""
        shown = quote(argv)
        pipe = self._open_pipe(self._line(Parcel(argv=argv, content=b"")))
        first = b""
        try:
            if self._sudo is not None:
                until = time.monotonic() + within
                first, _ = self._become_root(
                    pipe, until=until, within=within, shown=shown, heedless=False
                )
        except BaseException:
            pipe.close()
            raise
        return Stdio(pipe, first=first)

    def _line(self, parcel: Parcel) -> str:
        if self._sudo is None:
            return quote(parcel.argv)
        ready = f'echo READY-{self._nonce} >&2; exec "$@"'
        return quote(
            # In English, because sudo's exit code is 1 whatever the reason.
            (
                "env",
                "LC_ALL=C",
                "sudo",
                "-S",
                "-p",
                f"{self._nonce}:",
                "--",
                "sh",
                "-c",
                ready,
                "dcov",
                *parcel.argv,
            )
        )

    def _send(self, pipe: Pipe, parcel: Parcel, *, until: float) -> None:
        content = parcel.content
        tied = parcel.argv[-1] == Tie.TIED
        # A command that ends without reading all of its input says more by its exit code.
        with suppress(OSError, EOFError):
            if isinstance(content, bytes):
                pipe.send(content, within=until - time.monotonic())
            else:
                while chunk := content.read(CHUNK_READ):
                    self._cancel.check()
                    pipe.send(chunk, within=until - time.monotonic())
            if not tied:
                pipe.end_input()

    def _lost(self, during: str) -> LinkLostError:
        return LinkLostError(server=self._server, address=self._address, during=during)

    def _become_root(
        self, pipe: Pipe, *, until: float, within: float, shown: str, heedless: bool
    ) -> tuple[bytes, bytes]:
        """Answer sudo's prompt, once, and wait for READY; return what else came on each stream."""
        assert self._sudo is not None
        sudo = self._sudo
        prompt, ready = f"{self._nonce}:".encode(), f"READY-{self._nonce}\n".encode()
        out, seen, asked = b"", b"", 0
        while ready not in seen:
            got = pipe.read(wait=max(until - time.monotonic(), 0))
            if got is None:
                if pipe.exit_code is None:
                    raise self._lost("sudo")
                raise self._refusal(seen.replace(prompt, b""), asked=asked)
            # What begins at once may have spoken by the time READY is read.
            out += got[0]
            seen += got[1]
            if not heedless:  # what takes a change back must get through after a cancel, too
                self._cancel.check()
            if time.monotonic() >= until:
                tail = "sudo did not answer"
                raise CommandTimeoutError(command=shown, seconds=within, tail=tail)
            if seen.count(prompt) > asked:
                asked += 1
                if asked > 1:
                    raise SudoPasswordError(user=sudo.user, problem="does not accept the password")
                if sudo.password is None:
                    raise SudoPasswordError(
                        user=sudo.user, problem="asks for a password and none is configured"
                    )
                pipe.send(sudo.password.reveal().encode() + b"\n", within=10)
        before, _, after = seen.partition(ready)
        return out, before.replace(prompt, b"").strip() + after

    def _refusal(self, said: bytes, *, asked: int) -> Exception:
        """Name why sudo ended before it ran anything: one exit code for all, so by its words."""
        assert self._sudo is not None
        text = self._masker.data(said).decode(errors="replace").strip()
        if "must have a tty" in text or "a terminal is required" in text:
            return SudoTerminalError(user=self._sudo.user)
        if asked and ("incorrect password" in text or "no password was provided" in text):
            return SudoPasswordError(user=self._sudo.user, problem="does not accept the password")
        # sudo quotes the whole command, which is a script of many lines.
        text = NOT_ALLOWED.sub(r"\1 sh \2", text)
        return SudoRefusedError(user=self._sudo.user, detail=text.splitlines()[-1] if text else "")
