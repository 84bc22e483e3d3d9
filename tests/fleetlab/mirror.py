"""The artifact mirror of one lab: releases, as upstream's hosts serve them, on loopback."""

import contextlib
import json
import os
import shutil
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from .command import detach, log


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """A server process that outlives the one which started it; its files are the lab's."""

    state: Path

    @property
    def root(self) -> Path:
        """What is served: a copy of the lab's own, so a test may break or add a file."""
        return self.state / "mirror"

    @property
    def requests(self) -> Path:
        """One line per request."""
        return self.state / "mirror.log"

    @property
    def url(self) -> str:
        """Where it answers; the port stays when the mirror is stopped and started again."""
        return f"http://127.0.0.1:{self._saved()['port']}"

    def fill(self, releases: Path) -> None:
        """Serve these files; what a test changed in them is put back."""
        shutil.copytree(releases, self.root, dirs_exist_ok=True)

    def ensure(self) -> None:
        """Have it running."""
        if self.runs():
            return
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", self._saved()["port"]))
            listener.listen(64)
            self._start(listener)
        log.info("artifact mirror on %s", self.url)

    def runs(self) -> bool:
        """Whether the process that we started is there, not a stranger with its number."""
        try:
            argv = Path(f"/proc/{self._saved()['pid']}/cmdline").read_text().split("\0")
        except OSError:
            return False
        return "fleetlab.serve" in argv and str(self.root) in argv

    def stop(self) -> None:
        """End the process, and wait until it is gone."""
        if not self.runs():
            return
        pid = self._saved()["pid"]
        os.kill(pid, signal.SIGTERM)
        while self.runs():
            time.sleep(0.02)
        with contextlib.suppress(ChildProcessError):  # where another process started it
            os.waitpid(pid, 0)

    def _start(self, listener: socket.socket) -> None:
        descriptor = listener.fileno()
        path = os.pathsep.join((str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")))
        pid = detach(
            (sys.executable, "-m", "fleetlab.serve", str(descriptor), str(self.root)),
            words=self.requests,
            keep=(descriptor,),
            env=dict(os.environ, PYTHONPATH=path.rstrip(os.pathsep)),
        )
        saved = {"pid": pid, "port": listener.getsockname()[1]}
        (self.state / "mirror.json").write_text(json.dumps(saved))

    def _saved(self) -> dict[str, int]:
        try:
            saved: dict[str, int] = json.loads((self.state / "mirror.json").read_text())
        except FileNotFoundError:
            return {"pid": 0, "port": 0}
        return saved
