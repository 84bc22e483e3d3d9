"""One connected server: the only place where dcov touches a wire."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

import paramiko

from dcov.cancel import Cancel
from dcov.errors import (
    ChecksumError,
    CommandFailedError,
    DiskFullError,
    LinkLostError,
)
from dcov.inventory.entry import Entry, Login
from dcov.secret import Masker
from dcov.ssh.command import Argv, Finished, Shell, Sink, as_shell
from dcov.ssh.exchange import Elevation, Exchange, Parcel, Tie, script
from dcov.ssh.links import Links
from dcov.ssh.pipe import ChannelPipe, Pipe
from dcov.ssh.scripts import remote
from dcov.ssh.stdio import Stdio
from dcov.ssh.tcp import SocketLike

SHOWN = 120  # characters of a command in reports
NO_ROOM = 28  # stage.sh measured that the file system is full


@dataclass(slots=True)
class Costs:
    """What a run has cost on one server, counted where it happens."""

    connections: int = 0
    execs: int = 0
    channels: int = 0
    uploaded: int = 0  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A file that waits beside its target; `path` is on the server."""

    path: str
    sha256: str


class Session(Protocol):
    """One connected server."""

    costs: Costs

    def run(
        self,
        command: Argv | Shell,
        *,
        within: float,
        reads: bool = False,
        as_root: bool = True,
        tie: Tie | None = None,
        sink: Sink | None = None,
        shown: str = "",
    ) -> Finished:
        """Run and drain within this many seconds.

        `reads` says that the command changes nothing: it may run in a plan, and it ends when
        the run is cancelled (`tie` says otherwise). `sink` gets every byte of stdout, unmasked.
        """
        ...

    def upload(
        self, content: BinaryIO, *, to: PurePosixPath, run: str, sha256: str, within: float
    ) -> Staged:
        """Stage beside the target, root's alone, and compare the digest there."""
        ...

    def open_port(self, port: int, *, host: str = "127.0.0.1", within: float) -> SocketLike:
        """Connect to a port as the server sees it."""
        ...

    def drop(self) -> None:
        """Forget a broken connection; the next command connects anew."""
        ...


class WiredSession(ABC):
    """A session that dcov has opened: over SSH, or on this machine."""

    def __init__(self, entry: Entry, *, masker: Masker, cancel: Cancel) -> None:
        self.entry = entry
        self.costs = Costs()
        self._masker = masker
        self._cancel = cancel

    def run(
        self,
        command: Argv | Shell,
        *,
        within: float,
        reads: bool = False,
        as_root: bool = True,
        tie: Tie | None = None,
        sink: Sink | None = None,
        shown: str = "",
    ) -> Finished:
        text = as_shell(command)
        how = tie or (Tie.TIED if reads else Tie.FREE)
        return self._exchange(
            script(text, reader=remote("run.sh"), tie=how, masker=self._masker),
            shown=shown or self._masker.text(text)[:SHOWN],
            within=within,
            as_root=as_root,
            heedless=how is Tie.FREE,
            sink=sink,
        )

    def upload(
        self, content: BinaryIO, *, to: PurePosixPath, run: str, sha256: str, within: float
    ) -> Staged:
        counted = Counted(content)
        done = self._exchange(
            Parcel(
                argv=("sh", "-c", remote("digest.sh", "stage.sh"), "dcov", str(to), run),
                content=counted,
            ),
            shown=f"upload {to}",
            within=within,
        )
        self.costs.uploaded += counted.sent
        path, _, actual = done.stdout.strip().rpartition(" ")
        if done.exit_code == NO_ROOM:
            raise DiskFullError(path=str(to), detail=done.tail)
        if not done.ok:
            raise CommandFailedError(
                command=f"upload {to}", exit_code=done.exit_code, tail=done.tail
            )
        if actual != sha256:
            raise ChecksumError(what=f"upload of {to}", expected=sha256, actual=actual)
        return Staged(path=path, sha256=actual)

    def open_stdio(self, argv: Argv, *, within: float, as_root: bool = True) -> Stdio:
        """Start a program and talk to it; nothing of what it does is undone or masked."""
        return self._started(as_root=as_root).dial(tuple(argv), within=within)

    def _exchange(
        self,
        parcel: Parcel,
        *,
        shown: str,
        within: float,
        as_root: bool = True,
        heedless: bool = False,
        sink: Sink | None = None,
    ) -> Finished:
        exchange = self._started(as_root=as_root)
        return exchange.run(parcel, shown=shown, within=within, heedless=heedless, sink=sink)

    def _started(self, *, as_root: bool) -> Exchange:
        login = self.login
        self.costs.execs += 1
        return Exchange(
            self._open_pipe,
            server=self.entry.name,
            address=self.entry.login.place,
            masker=self._masker,
            elevation=Elevation(user=login.user, password=login.sudo_password) if as_root else None,
            cancel=self._cancel,
        )

    @property
    def login(self) -> Login:
        """How the server is logged in to."""
        return self.entry.login

    @property
    @abstractmethod
    def attempts(self) -> int:
        """Logins so far, with those that were dropped before authentication."""

    @abstractmethod
    def newcomers(self) -> tuple[str, ...]:
        """Tell of host keys on the way here that were unknown, and taken on trust."""

    @abstractmethod
    def open_port(self, port: int, *, host: str = "127.0.0.1", within: float) -> SocketLike:
        """Connect to a port as the server sees it; raises OSError where nothing answers."""

    @abstractmethod
    def try_key(self, key_path: Path) -> None:
        """Log in once more, over a connection of its own, with this key and nothing else."""

    @abstractmethod
    def drop(self) -> None:
        """Forget a broken connection; the next command connects anew."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""

    @abstractmethod
    def _open_pipe(self, line: str) -> Pipe:
        """Start this command line on the server."""


class Counted:
    """A file that knows how much of it was read: for a progress line and the costs."""

    def __init__(self, content: BinaryIO) -> None:
        self._content = content
        self.sent = 0

    def read(self, size: int = -1) -> bytes:
        data = self._content.read(size)
        self.sent += len(data)
        return data


class SshSession(WiredSession):
    """A server over SSH; connects at its first use, and again after a broken link."""

    def __init__(self, entry: Entry, *, links: Links, masker: Masker, cancel: Cancel) -> None:
        super().__init__(entry, masker=masker, cancel=cancel)
        self._links = links

    @property
    def login(self) -> Login:
        return self._links.login(self.entry.name)

    def try_key(self, key_path: Path) -> None:
        self.costs.connections += 1
        self._links.try_key(self.entry.name, key_path=key_path)

    @property
    def attempts(self) -> int:
        return self._links.attempts(self.entry.name)

    def newcomers(self) -> tuple[str, ...]:
        return self._links.newcomers(self.entry.name)

    def transport(self) -> paramiko.Transport:
        """Return the live connection, opening it if need be."""
        before = self._links.attempts(self.entry.name)
        transport = self._links.transport(self.entry.name)
        if self._links.attempts(self.entry.name) > before:
            self.costs.connections += 1
        return transport

    def drop(self) -> None:
        self._links.drop(self.entry.name)

    def close(self) -> None:
        self._links.close(self.entry.name)

    def open_port(self, port: int, *, host: str = "127.0.0.1", within: float) -> SocketLike:
        self.costs.channels += 1
        try:
            return self.transport().open_channel(
                "direct-tcpip", (host, port), ("127.0.0.1", 0), timeout=within
            )
        except paramiko.ChannelException as error:
            raise ConnectionRefusedError(error.text) from error
        except (paramiko.SSHException, EOFError) as error:
            raise self._lost(f"opening port {port}", error=error) from error

    def _open_pipe(self, line: str) -> Pipe:
        try:
            channel = self.transport().open_session(timeout=30)
            pipe = ChannelPipe(channel)
            channel.exec_command(line)
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise self._lost("starting a command", error=error) from error
        return pipe

    def _lost(self, during: str, *, error: Exception) -> LinkLostError:
        detail = f"{during} ({error})" if str(error) else during
        return LinkLostError(server=self.entry.name, address=self.entry.login.place, during=detail)


def digest(data: bytes) -> str:
    """Return the SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()
