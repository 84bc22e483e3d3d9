"""HTTP to a port as a server sees it: requests over a forwarded channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from dcov.clients.line import Line

OpenPort = Callable[..., Any]  # open_port(port, host=..., within=...) of a Context or a Session


class _Connection(HTTPConnection):
    """A connection whose socket is a forwarded channel."""

    open_port: OpenPort
    within: float

    def _new_conn(self) -> Any:
        channel = self.open_port(self.port, host=self.host, within=self.within)
        channel.settimeout(self.within)
        return Line(channel)


class TunnelAdapter(HTTPAdapter):
    """Sends requests through `open_port`, one channel for each."""

    def __init__(self, open_port: OpenPort, *, within: float) -> None:
        super().__init__()
        self._open_port = open_port
        self._within = within

    def get_connection_with_tls_context(self, request: Any, *_: Any, **__: Any) -> Any:
        from urllib.parse import urlsplit

        where = urlsplit(request.url)
        port = where.port or (443 if where.scheme == "https" else 80)
        pool = HTTPConnectionPool(where.hostname or "127.0.0.1", port, maxsize=1)
        attributes = {"open_port": staticmethod(self._open_port), "within": self._within}
        pool.ConnectionCls = type("_Connection", (_Connection,), attributes)
        return pool


def tunnelled(open_port: OpenPort, *, within: float = 10.0) -> requests.Session:
    """Return a requests session that reaches `http://HOST:PORT` as the server would."""
    session = requests.Session()
    session.trust_env = False  # a proxy of the controller has no say on the server
    session.mount("http://", TunnelAdapter(open_port, within=within))
    return session
