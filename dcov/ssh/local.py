"""This machine as a server: a master that is where dcov runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dcov.errors import ConnectError, ConnectTimeoutError
from dcov.home import user_name
from dcov.inventory.entry import Login
from dcov.ssh.pipe import Pipe, ProcessPipe
from dcov.ssh.session import WiredSession
from dcov.ssh.tcp import SocketLike, dial


class LocalSession(WiredSession):
    """This machine, without SSH: the same scripts on a process of its own."""

    attempts = 0

    def newcomers(self) -> tuple[str, ...]:
        """Tell nothing: no key is shown on the way to this machine."""
        return ()

    def drop(self) -> None:
        """Do nothing: there is no link that could break."""

    def close(self) -> None:
        """Do nothing: nothing is held open."""

    def open_port(self, port: int, *, host: str = "127.0.0.1", within: float) -> SocketLike:
        self.costs.channels += 1
        try:
            return dial(self.entry.name, address=host, port=port, within=within)
        except ConnectTimeoutError as error:
            raise TimeoutError(error.why) from error
        except ConnectError as error:
            raise ConnectionRefusedError(error.why) from error

    @property
    def login(self) -> Login:
        """Nobody logs in: whoever runs dcov is here already."""
        return replace(self.entry.login, user=user_name())

    def try_key(self, key_path: Path) -> None:
        """Do nothing: this machine is reached without a key."""

    def _open_pipe(self, line: str) -> Pipe:
        return ProcessPipe(["sh", "-c", line])
