"""Stock nginx on this machine as the proxy; echoes and a resolver of ours in Docker's place."""

from __future__ import annotations

import http.client
import json
import random
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseRequestHandler, UDPServer
from typing import Any

from dcov.rendering import Templates
from dcov.secret import Secret
from dcov.stack.proxy.login import htpasswd
from dcov.stack.proxy.nginx import Places, Proxy, nginx_files
from dcov.stack.proxy.routes import ROUTES

LOOPBACK = "127.0.0.1"
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked, and echoes over a WebSocket."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.headers["Upgrade"] == "websocket":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            self.wfile.write(self.rfile.read(4))
            self.close_connection = True
            return
        body = json.dumps(
            {"name": self.server.name, "path": self.path, "headers": dict(self.headers)}  # type: ignore[attr-defined]
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Frame-Options", "deny")
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *args: Any) -> None:
        """Stay silent."""


class Service:
    """An echo in the place of one container."""

    def __init__(self, name: str) -> None:
        self.server = ThreadingHTTPServer((LOOPBACK, 0), Echo)
        self.server.name = name  # type: ignore[attr-defined]
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Names:
    """A stand-in for Docker's resolver: it knows the names of the containers that run."""

    def __init__(self, known: set[str]) -> None:
        self.known = known

        class Question(BaseRequestHandler):
            def handle(self) -> None:
                query, line = self.request
                line.sendto(_answer(query, known=known), self.client_address)

        self.server = UDPServer((LOOPBACK, 0), Question)
        self.address = "{}:{}".format(*self.server.server_address)
        serve = self.server.serve_forever
        self.thread = threading.Thread(target=serve, args=(0.05,), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        # Linux restarts a read by the number of its file once this process was stopped and
        # continued, and another test may have that number: nobody may read what is closed.
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def _answer(query: bytes, *, known: Container[str]) -> bytes:
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += query[at] + 1
    question = query[12 : at + 5]
    found = ".".join(labels) in known
    flags, count = (b"\x81\x80", b"\0\1") if found else (b"\x81\x83", b"\0\0")
    record = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton(LOOPBACK)
    answer = query[:2] + flags + b"\0\1" + count + b"\0\0\0\0" + question
    return answer + (record if found else b"")


def free_port() -> int:
    """Choose one below those that the kernel gives to others until it is taken."""
    while True:
        port = random.randint(20000, 32000)
        with socket.socket() as probe:
            if probe.connect_ex((LOOPBACK, port)):
                return port


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def seen(self) -> dict[str, Any]:
        """What the service behind it was asked."""
        seen: dict[str, Any] = json.loads(self.body)
        return seen


class Running:
    """nginx with these files, its services and its resolver, on ports of its own."""

    def __init__(self, proxy: Proxy, *, logins: Mapping[str, str], folder: Path) -> None:
        self.folder = folder
        self.services = {route.component: Service(route.component) for route in ROUTES}
        self.names = Names(set(self.services))
        self.proxy = replace(
            proxy,
            listen=LOOPBACK,
            http_port=free_port(),
            https_port=free_port(),
            inner_port=free_port(),
            resolver=self.names.address,
            upstreams={name: f"{name}:{item.port}" for name, item in self.services.items()},
            places=Places(**{item.name: str(folder / item.name) for item in fields(Places)}),
        )
        self._write(logins)
        self.conf = folder / "nginx" / "nginx.conf"
        self.log = (folder / "log").open("wb")
        self.process = subprocess.Popen(
            [NGINX, "-c", self.conf, "-g", "daemon off;"], stdout=self.log, stderr=self.log
        )
        self._wait()

    def _write(self, logins: Mapping[str, str]) -> None:
        for name in ("nginx", "ssl", "html", "acme/.well-known/acme-challenge", "scratch"):
            (self.folder / name).mkdir(parents=True)
        for path, text in nginx_files(Templates(), proxy=self.proxy).items():
            (self.folder / path.parent.name / path.name).write_text(text)
        lines = htpasswd({user: Secret(word) for user, word in logins.items()})
        (self.folder / "nginx" / "htpasswd").write_text(lines)
        (self.folder / "html" / "certificate.prom").write_text("expires 1\n")
        (self.folder / "acme/.well-known/acme-challenge/token").write_text("proof")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-subj", "/CN=test", "-keyout", self.folder / "ssl/server.key",
             "-out", self.folder / "ssl/server.crt"],
            check=True, capture_output=True,
        )  # fmt: skip

    def _wait(self) -> None:
        for _ in range(100):
            try:
                socket.create_connection((LOOPBACK, self.proxy.https_port), timeout=1).close()
            except OSError:
                assert self.process.poll() is None, self.said
                time.sleep(0.05)
            else:
                return
        raise AssertionError(self.said)

    @property
    def said(self) -> str:
        return (self.folder / "log").read_text()

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        port: int = 0,
        source: str = LOOPBACK,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        connection: http.client.HTTPConnection
        if port:
            connection = http.client.HTTPConnection(
                LOOPBACK, port, timeout=10, source_address=(source, 0)
            )
        else:
            connection = http.client.HTTPSConnection(
                LOOPBACK, self.proxy.https_port, timeout=10, context=unverified()
            )
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        found = Answer(
            answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
        )
        connection.close()
        return found

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        self.log.close()
        self.names.stop()
        for service in self.services.values():
            service.stop()


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def shown(site: Running) -> str:
    """Return the certificate that nginx shows."""
    with (
        socket.create_connection((LOOPBACK, site.proxy.https_port), timeout=10) as plain,
        unverified().wrap_socket(plain) as link,
    ):
        return ssl.DER_cert_to_PEM_cert(link.getpeercert(binary_form=True) or b"")


@contextmanager
def running(proxy: Proxy, *, logins: Mapping[str, str]) -> Iterator[Running]:
    """Run it in a folder that nginx' workers can look into, as they are `nobody`."""
    folder = Path(tempfile.mkdtemp(prefix="dcov-nginx-"))
    folder.chmod(0o755)
    try:
        site = Running(proxy, logins=logins, folder=folder)
        try:
            yield site
        finally:
            site.stop()
    finally:
        shutil.rmtree(folder)
