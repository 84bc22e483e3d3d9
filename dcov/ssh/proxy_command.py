"""A connection through a program: what ~/.ssh/config calls ProxyCommand."""

from __future__ import annotations

import socket
import subprocess
import tempfile
from threading import Thread

from dcov.errors import ProxyCommandError

ENDS_WITHIN = 2.0  # seconds between the end of its output and its exit code
SHOWN = 200  # characters of what it said last


class ProxiedLine(socket.socket):
    """One end of a pair of sockets; the program has the other one for stdin and stdout.

    A socket of the kernel, so that deadlines and the end of the data are those of TCP. Raises
    ProxyCommandError with the program's own words when it fails before anything has come.
    """

    def __init__(self, command: str, *, server: str, place: str) -> None:
        ours, theirs = socket.socketpair()
        super().__init__(fileno=ours.detach())
        self._fault = {"server": server, "address": place, "command": command}
        self._heard = False
        # A file, because nobody reads what it says before it fails, and a pipe would fill.
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # open as long as the line
        with theirs:
            self._process = subprocess.Popen(
                # As ssh does; a session of its own, so that it asks nobody at the terminal.
                ("sh", "-c", f"exec {command}"),
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=self._said,
                start_new_session=True,
            )

    def recv(self, size: int, flags: int = 0) -> bytes:
        if self._heard:
            return super().recv(size, flags)
        try:
            data = super().recv(size, flags)
        except TimeoutError:
            raise self._failed(f"silent for {self.gettimeout():g} s") from None
        if not data:
            self._explain()
        self._heard = True
        return data

    def close(self) -> None:
        super().close()
        if self._process.poll() is None:
            # ssh sends SIGHUP, which a program that was started under nohup does not hear.
            self._process.terminate()
            Thread(target=self._process.wait, daemon=True).start()
        self._said.close()

    def _explain(self) -> None:
        """Raise unless it ended well: then the server hung up, as one that throttles does."""
        try:
            code = self._process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            raise self._failed("it closed its output and goes on") from None
        if code:
            raise self._failed(f"it ended with {code}")

    def _failed(self, detail: str) -> ProxyCommandError:
        self._said.seek(0)
        said = self._said.read().decode(errors="replace").split("\n")
        last = " | ".join(line.strip() for line in said if line.strip())[-SHOWN:]
        return ProxyCommandError(**self._fault, detail=f"{detail}: {last}" if last else detail)
