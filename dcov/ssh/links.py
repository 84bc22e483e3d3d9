"""All connections of one run: one for each server, jump hosts shared."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore, Lock

import paramiko

from dcov.cancel import Cancel
from dcov.errors import ConnectError, JumpHostError, LoginTimeoutError, ThrottledError
from dcov.inventory.entry import Login
from dcov.inventory.site import Site
from dcov.ssh.keyring import Keyring
from dcov.ssh.link import KEY_EXCHANGE, Authentication, Trust, handshake
from dcov.ssh.proxy_command import ProxiedLine
from dcov.ssh.ssh_config import SshConfig
from dcov.ssh.tcp import DroppedError, Greeted, SocketLike, dial
from dcov.ssh.way import Way, Ways

JUMP_HANDSHAKES = 8  # below MaxStartups' 10: sshd drops unauthenticated logins above it


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a connection may take, in seconds, and how often a dropped one is tried."""

    connect: float = 10.0
    banner: float = 15.0
    login: float = 30.0
    attempts: int = 8
    first_pause: float = 0.25
    longest_pause: float = 8.0

    def pause(self, attempt: int) -> float:
        """Exponential with full jitter, so that a crowd that was dropped comes back spread."""
        return random.uniform(0, min(self.longest_pause, self.first_pause * 2**attempt))  # noqa: S311


class Links:
    """Opens, shares and closes the connections of one run."""

    def __init__(
        self,
        site: Site,
        *,
        trust: Trust,
        patience: Patience,
        cancel: Cancel,
        ssh_config: SshConfig | None = None,
    ) -> None:
        self._ways = Ways(site, ssh_config=ssh_config)
        self._trust = trust
        self._patience = patience
        self._cancel = cancel
        self._keyring = Keyring()
        self._lock = Lock()
        self._each: dict[str, Lock] = defaultdict(Lock)
        self._gates: dict[str, BoundedSemaphore] = defaultdict(
            lambda: BoundedSemaphore(JUMP_HANDSHAKES)
        )
        self._open: dict[str, paramiko.Transport] = {}
        self._attempts: dict[str, int] = defaultdict(int)

    def transport(self, name: str) -> paramiko.Transport:
        """Return the live connection to this server, opening it if need be."""
        with self._lock:
            mine = self._each[name]
        with mine:
            held = self._open.get(name)
            if held is not None and held.is_active():
                return held
            opened = self._connect(self._ways.to(name))
            self._open[name] = opened
            return opened

    def line(self, name: str) -> SocketLike:
        """Open a bare line to this server's sshd, on the way that a login takes."""
        way = self._ways.to(name)
        jump = way.login.jump
        return self._dial(way) if jump is None else self._through(jump, way=way)

    @property
    def unreadable(self) -> tuple[str, ...]:
        """The lines of known_hosts that count for nothing, each with its place and fault."""
        return self._trust.known.skipped

    def login(self, name: str) -> Login:
        """Return how this server is logged in to, ~/.ssh/config included."""
        return self._ways.to(name).login

    def try_key(self, name: str, *, key_path: Path) -> None:
        """Log in once more, over a connection of its own, with this key and nothing else."""
        self._end(self._connect(self._ways.to(name).only(key_path)))

    def attempts(self, name: str) -> int:
        """How many logins this server has cost so far, with those dropped on the way to it."""
        return self._attempts[name]

    def newcomers(self, name: str) -> tuple[str, ...]:
        """Tell of host keys taken on trust: this server's, and its jump hosts' where new as well.

        Each is told once.
        """
        newcomers = self._trust.newcomers
        told: list[str] = []
        step: str | None = name
        while newcomers is not None and step is not None:
            told.append(newcomers.tell(step))
            step = self._ways.to(step).login.jump
        return tuple(filter(None, told))

    def close(self, name: str) -> None:
        """Close the connection to this server, unless others go through it."""
        if not self._ways.lead_through(name):
            self._shut(name)

    def close_all(self) -> None:
        """Close every connection, those through jump hosts before the jump hosts."""
        for name in reversed(tuple(self._open)):  # a jump host was opened first
            self._shut(name)

    def drop(self, name: str) -> None:
        """Forget a connection that broke, so that the next use opens a new one."""
        self._shut(name)

    def _shut(self, name: str) -> None:
        transport = self._open.pop(name, None)
        if transport is not None:
            self._end(transport)

    def _end(self, transport: paramiko.Transport) -> None:
        with suppress(OSError, EOFError):
            transport.sock.close()
        transport.close()

    def _connect(self, way: Way) -> paramiko.Transport:
        name = way.entry.name
        for attempt in range(self._patience.attempts):
            self._cancel.check()
            self._attempts[name] += 1
            try:
                return self._attempt(way)
            except DroppedError:
                if attempt + 1 < self._patience.attempts:  # nothing is waited for after the last
                    self._cancel.wait(self._patience.pause(attempt))
            except LoginTimeoutError as error:
                # Once more, for a moment in which either end had too much to do.
                if attempt or error.during != KEY_EXCHANGE:
                    raise
        raise ThrottledError(server=name, address=way.login.place, attempts=self._patience.attempts)

    def _attempt(self, way: Way) -> paramiko.Transport:
        jump = way.login.jump
        if jump is None:
            return self._log_in(self._dial(way), way=way)
        with self._lock:  # two at once would each make one
            gate = self._gates[jump]
        with gate:
            return self._log_in(self._through(jump, way=way), way=way)

    def _log_in(self, line: SocketLike, *, way: Way) -> paramiko.Transport:
        patience, entry, place = self._patience, way.entry, way.login.place
        try:
            greeted = Greeted(line, server=entry.name, place=place, within=patience.banner)
        except BaseException:
            line.close()
            raise
        transport = handshake(greeted, entry=entry, trust=self._trust, within=patience.banner)
        try:
            login = Authentication(transport, way=way, keyring=self._keyring)
            login.run(within=patience.login)
        except BaseException:
            greeted.close()
            transport.close()
            raise
        return transport

    def _dial(self, way: Way) -> SocketLike:
        name, login = way.entry.name, way.login
        if login.proxy_command is not None:
            return ProxiedLine(login.proxy_command, server=name, place=login.place)
        return dial(name, address=login.address, port=login.port, within=self._patience.connect)

    def _through(self, jump: str, *, way: Way) -> SocketLike:
        login, tried = way.login, self._attempts[jump]
        began = time.monotonic()
        try:
            opened = self.transport(jump)
            # What the jump host has dropped, every server behind it has waited for.
            self._attempts[way.entry.name] += max(self._attempts[jump] - tried - 1, 0)
            channel = opened.open_channel(
                "direct-tcpip",
                (login.address, login.port),
                ("", 0),
                timeout=self._patience.connect,
            )
        except ConnectError as error:
            detail = error.why
        except paramiko.ChannelException as error:
            detail = f"it says: {error.text}"
        except (paramiko.SSHException, EOFError, OSError) as error:
            seconds = time.monotonic() - began
            detail = f"no answer within {seconds:.0f} s ({error})"
        else:
            return channel
        raise JumpHostError(server=way.entry.name, address=login.place, jump=jump, detail=detail)
