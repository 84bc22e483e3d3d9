"""A release site on loopback: a real HTTP server with ranges, and real tarballs."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from dcov.exporters.artifact import NODE_EXPORTER, Arch, Artifact

VERSION = "1.5.0"
FOLDER = f"/prometheus/node_exporter/releases/download/v{VERSION}"
BINARY = b"\x7fELF" + bytes(range(256)) * 4096


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def tarball(*members: tuple[str, bytes]) -> bytes:
    """Make a .tar.gz of regular files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@dataclass
class Site:
    """What the server has, how it misbehaves, and what it was asked."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    breaks: dict[str, int] = field(default_factory=dict)  # how often a body breaks off half way
    ranges: bool = True
    encoding: str = ""
    busy: int = 0  # how many requests to answer with 503
    redirect: dict[str, str] = field(default_factory=dict)
    delay: threading.Event | None = None
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def asked(self, ending: str) -> list[dict[str, str]]:
        """Return the headers of every GET for a path that ends so."""
        return [headers for path, headers in self.requests if path.endswith(ending)]

    def publish(self, arch: Arch, content: bytes) -> Artifact:
        """Put a node_exporter release file on the site; return its artifact, not pinned."""
        artifact = NODE_EXPORTER.artifact(VERSION, arch=arch)
        self.files[f"{FOLDER}/{artifact.file}"] = content
        sums = self.files.get(f"{FOLDER}/sha256sums.txt", b"")
        sums += f"{sha256(content)}  {artifact.file}\n".encode()
        self.files[f"{FOLDER}/sha256sums.txt"] = sums
        return artifact


class Handler(BaseHTTPRequestHandler):
    """Answers for one site, which the server's own subclass names."""

    protocol_version = "HTTP/1.1"
    site: Site

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        site = self.site
        with site.guard:
            site.requests.append((self.path, dict(self.headers)))
            if busy := site.busy > 0:
                site.busy -= 1
            breaks = site.breaks.get(self.path, 0) > 0
            if breaks:
                site.breaks[self.path] -= 1
        if site.delay:
            site.delay.wait(5)
        content = site.files.get(self.path)
        if busy:
            self.reply(503, b"later")
        elif self.path in site.redirect:
            self.reply(302, b"", {"Location": site.redirect[self.path]})
        elif content is None:
            self.reply(404, b"no such file")
        else:
            self.send(content, breaks=breaks)

    def send(self, content: bytes, *, breaks: bool) -> None:
        site = self.site
        start, size = 0, len(content)
        headers = {"Content-Encoding": site.encoding} if site.encoding else {}
        if site.ranges and (asked := self.headers.get("Range")):
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= size:
                return self.reply(416, b"")
            headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        body = content[start:]
        status = 206 if "Content-Range" in headers else 200
        return self.reply(status, body, headers, only=len(body) // 2 if breaks else None)

    def reply(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str] | None = None,
        only: int | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:only])
        if only is not None:
            self.close_connection = True
