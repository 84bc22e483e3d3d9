"""What keeps a plan from changing anything."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import BinaryIO

from dcov.errors import NotReadOnlyError
from dcov.secret import Masker
from dcov.ssh.command import Argv, Finished, Shell, Sink, as_shell
from dcov.ssh.exchange import Tie
from dcov.ssh.session import SHOWN, Session, Staged
from dcov.ssh.tcp import SocketLike


class ReadOnly:
    """A session that refuses whatever is not marked as reading only: what a plan works with."""

    def __init__(self, session: Session, *, masker: Masker | None = None) -> None:
        self._session = session
        self._masker = masker or Masker()
        self.costs = session.costs

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
        if not reads:
            text = self._masker.text(as_shell(command))
            raise NotReadOnlyError(command=shown or text[:SHOWN])
        return self._session.run(
            command, within=within, reads=True, as_root=as_root, tie=tie, sink=sink, shown=shown
        )

    def upload(
        self, content: BinaryIO, *, to: PurePosixPath, run: str, sha256: str, within: float
    ) -> Staged:
        del content, run, sha256, within
        raise NotReadOnlyError(command=f"upload {to}")

    def open_port(self, port: int, *, host: str = "127.0.0.1", within: float) -> SocketLike:
        return self._session.open_port(port, host=host, within=within)

    def drop(self) -> None:
        self._session.drop()
