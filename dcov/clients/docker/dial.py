"""Docker's library on `docker system dial-stdio`, run by our own session."""

from __future__ import annotations

from typing import Any

import docker
import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from dcov.errors import EngineError
from dcov.ssh.session import WiredSession
from dcov.ssh.stdio import Stdio

DIAL = ("docker", "system", "dial-stdio")
URL = "http://engine:2375"  # a name that nobody resolves: the adapter has its own way


class _Connection(HTTPConnection):
    """A connection whose socket is a program's stdin and stdout."""

    session: WiredSession
    sock: Any

    def _new_conn(self) -> Any:
        within = float(self.timeout) if isinstance(self.timeout, (int, float)) else 60.0
        stream = self.session.open_stdio(DIAL, within=within)
        stream.settimeout(within)
        return stream

    @property
    def is_connected(self) -> bool:
        # The parent asks the kernel, which knows nothing of this kind of socket.
        return isinstance(self.sock, Stdio) and self.sock.usable

    def getresponse(self) -> Any:
        stream = self.sock
        try:
            return super().getresponse()
        except OSError:
            if stream.said:  # the program ended, and says why
                raise EngineError(detail=stream.said.splitlines()[-1]) from None
            raise


class _Adapter(HTTPAdapter):
    """Sends requests through the session, over one connection where one is free."""

    def __init__(self, session: WiredSession) -> None:
        super().__init__()
        self._pool = HTTPConnectionPool("engine", 2375, maxsize=2)
        self._pool.ConnectionCls = type("_Connection", (_Connection,), {"session": session})

    def get_connection_with_tls_context(self, request: Any, *_: Any, **__: Any) -> Any:
        del request
        return self._pool

    def close(self) -> None:
        self._pool.close()
        super().close()


def connected(session: WiredSession, *, within: float) -> docker.DockerClient:
    """Return a client of the engine on the session's server."""
    adapter = _Adapter(session)
    http = requests.Session()  # not closed: that would close the adapter, which goes on
    http.trust_env = False
    http.mount(URL, adapter)
    answer = http.get(f"{URL}/version", timeout=within)
    answer.raise_for_status()
    version = answer.json()["ApiVersion"]
    client = docker.DockerClient(base_url=URL, version=version, timeout=int(within))
    client.api.trust_env = False
    client.api.mount(URL, adapter)
    return client
