"""HTTPS to a port as a server sees it, and the certificate that is shown there."""

from __future__ import annotations

import ssl
from typing import Any

import requests
from urllib3.util.ssltransport import SSLTransport

from dcov.clients.tunnel import OpenPort, TunnelAdapter


class Certificates:
    """The certificate that was shown last, in DER; empty before the first answer."""

    def __init__(self) -> None:
        self.shown = b""


def tunnelled_tls(
    open_port: OpenPort, *, name: str, shown: Certificates, within: float = 10.0
) -> requests.Session:
    """Return a requests session that reaches `https://HOST:PORT` as the server would.

    `name` is what it is asked for (SNI). Nobody stands between the server and itself, so any
    certificate is taken; the caller may judge the one that was `shown`.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE

    def open_tls(port: int, *, host: str, within: float) -> Any:
        channel = open_port(port, host=host, within=within)
        channel.settimeout(within)
        wrapped = SSLTransport(channel, context, server_hostname=name)
        shown.shown = wrapped.getpeercert(binary_form=True) or b""
        return wrapped

    session = requests.Session()
    session.trust_env = False  # a proxy of the controller has no say on the server
    session.mount("https://", TunnelAdapter(open_tls, within=within))
    return session
