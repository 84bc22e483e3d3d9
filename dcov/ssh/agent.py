"""The SSH agent, also one at another place than SSH_AUTH_SOCK."""

from __future__ import annotations

import socket
from pathlib import Path

import paramiko
from paramiko.agent import AgentSSH


class Agent(AgentSSH):
    """An agent and its keys; `fault` says why there are none where it does not answer.

    Without a socket it is that of SSH_AUTH_SOCK, which need not exist.
    """

    def __init__(self, path: Path | None = None) -> None:
        super().__init__()
        self.fault = ""
        line = self._dial(path)
        if line is None:
            return
        try:
            self._connect(line)  # type: ignore[attr-defined]  # not in the stubs
        except (paramiko.SSHException, OSError) as error:
            self.fault = str(error)

    def close(self) -> None:
        """Hang up; the keys can sign no more."""
        self._close()  # type: ignore[attr-defined]

    def _dial(self, path: Path | None) -> socket.socket | None:
        if path is None:
            return paramiko.agent.get_agent_connection()
        line = socket.socket(socket.AF_UNIX)
        try:
            line.connect(str(path))
        except OSError as error:
            line.close()
            self.fault = error.strerror or str(error)
            return None
        return line
