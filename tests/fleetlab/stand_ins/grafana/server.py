"""HTTP: the sub-path, what needs no login, and the API."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .api import VERSION, Answer, Api, Request
from .errors import Refused, unauthorized
from .login import Users
from .settings import Settings

PAGE = """<!DOCTYPE html>
<html><head><title>Grafana (a stand-in)</title><base href="{base}/"></head>
<body><p>This is not Grafana but a stand-in for tests.</p>{more}</body></html>
"""
FORM = '<form method="post"><input name="user"><input name="password" type="password"></form>'


@dataclass(kw_only=True)
class Site:
    """What every request needs."""

    settings: Settings
    users: Users
    api: Api
    requests: int = 0
    started: float = 0.0

    def metrics(self) -> str:
        """A few of Grafana's own metrics, by the names it has for them."""
        count = {kind: len(self.api.store.all(kind)) for kind in ("dashboard", "folder", "user")}
        return (
            "# TYPE grafana_build_info gauge\n"
            f'grafana_build_info{{edition="stand-in",version="{VERSION}"}} 1\n'
            "# TYPE grafana_http_request_duration_seconds histogram\n"
            f"grafana_http_request_duration_seconds_count {self.requests}\n"
            "# TYPE grafana_stat_totals_dashboard gauge\n"
            f"grafana_stat_totals_dashboard {count['dashboard']}\n"
            "# TYPE grafana_stat_totals_folder gauge\n"
            f"grafana_stat_totals_folder {count['folder']}\n"
            "# TYPE grafana_stat_total_users gauge\n"
            f"grafana_stat_total_users {count['user']}\n"
            "# TYPE process_start_time_seconds gauge\n"
            f"process_start_time_seconds {self.started}\n"
        )


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "grafana-stand-in"
    site: Site

    def handle_any(self) -> None:
        self.site.requests += 1
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        where = urlsplit(self.path)
        sub = self.site.settings.sub_path
        inside = where.path == sub or where.path.startswith(sub + "/")
        if not inside and not where.path.startswith("/api"):
            # "If accessed without subpath Grafana will redirect to an URL with the subpath":
            # all but the API.
            self._redirect(self.site.settings.root_url.rstrip("/") + self.path, status=301)
            return
        path = where.path.removeprefix(sub) or "/"
        try:
            self._send(self._answer(path, query=where.query, body=body))
        except Refused as refused:
            wants_page = not path.startswith("/api/") and self.command == "GET"
            if refused.status == 401 and wants_page and path != "/metrics":
                self._redirect(f"{sub}/login", status=302)
            else:
                self._send(Answer(status=refused.status, body=refused.body))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):  # http.server looks a method up by this name
            return self.handle_any
        raise AttributeError(name)

    def _answer(self, path: str, *, query: str, body: bytes) -> Answer:
        if path == "/api/health":
            # https://grafana.com/docs/grafana/latest/developers/http_api/other/
            return Answer(body={"commit": "stand-in", "database": "ok", "version": VERSION})
        if path == "/healthz":
            return Answer(content=b"Ok", content_type="text/plain")
        if path == "/metrics":
            text = self.site.metrics().encode()
            return Answer(content=text, content_type="text/plain; version=0.0.4")
        if path == "/login" and self.command in ("GET", "HEAD"):
            return self._page(FORM)
        person = self.site.users.identify(self.headers.get, address=self.client_address[0])
        if person is None:
            raise unauthorized("session.token.not-found")
        if not path.startswith("/api/"):
            return self._page(f"<p>{person.login}: {person.role}</p>")
        request = Request(
            method="GET" if self.command == "HEAD" else self.command,
            path=path,
            query=parse_qs(query),
            raw_query=query,
            body=body,
            person=person,
            header=self.headers.get,
        )
        return self.site.api.answer(request)

    def _page(self, more: str) -> Answer:
        text = PAGE.format(base=self.site.settings.sub_path, more=more)
        return Answer(content=text.encode(), content_type="text/html; charset=UTF-8")

    def _redirect(self, to: str, *, status: int) -> None:
        self.send_response(status)
        self.send_header("X-Stand-In", "grafana")
        self.send_header("Location", to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, answer: Answer) -> None:
        content = answer.content
        if content is None:
            content = json.dumps(answer.body).encode()
        self.send_response(answer.status)
        self.send_header("X-Stand-In", "grafana")
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as its parent calls it
        """Say nothing: Grafana logs no requests unless it is told to."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def serve(site: Site) -> None:
    """Answer until the process is ended; the port is printed once it listens."""
    site.started = time.time()
    handler = type("SiteHandler", (Handler,), {"site": site})
    where = (site.settings.address or "0.0.0.0", site.settings.port)
    with Server(where, handler) as server:
        print(f"HTTP Server Listen on port {server.server_address[1]}", flush=True)
        server.serve_forever()
