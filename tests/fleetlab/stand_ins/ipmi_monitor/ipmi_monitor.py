"""A STAND-IN for ipmi-monitor 1.2.0, not the real one.

Its image cannot be had here. This program has its port, its files, its environment and the metric
names of its /metrics; it asks no BMC: every server of /app/config/servers.yaml is reachable and
switched on, at fixed values. Like the real one it knows no login tokens and believes the headers of
the proxy in front of it; a page says which of them came through.
"""

import html
import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

SERVERS = Path("/app/config/servers.yaml")
DATABASE = Path("/app/data/ipmi_events.db")
PORT = 5000
OF_A_SERVER = """\
ipmi_server_reachable{{{0}}} 1
ipmi_server_power_on{{{0}}} 1
ipmi_events_total{{{0}}} 3
ipmi_events_critical_24h{{{0}}} 0
ipmi_events_warning_24h{{{0}}} 1
ipmi_temperature_celsius{{{0},sensor_name="CPU Temp"}} 48
ipmi_fan_speed_rpm{{{0},sensor_name="FAN1"}} 4200
ipmi_voltage_volts{{{0},sensor_name="12V"}} 12.1
ipmi_power_watts{{{0},sensor_name="Total_Power"}} 640
"""
OF_ALL = """\
ipmi_total_servers {0}
ipmi_reachable_servers {0}
ipmi_total_critical_events_24h 0
ipmi_total_warning_events_24h {0}
ipmi_last_collection_timestamp {1:.0f}
ipmi_alerts_total 0
ipmi_alerts_unacknowledged 0
ipmi_alerts_critical_24h 0
ipmi_alerts_warning_24h 0
"""
PAGE = """<!doctype html>
<title>{name}</title>
<h1>{name}</h1>
<p>A stand-in for IPMI Monitor.</p>
<ul>{servers}</ul>
<pre id="headers">{headers}</pre>
"""


def servers() -> list[dict[str, Any]]:
    """What the file says now: a list, or one under `servers`."""
    if not SERVERS.exists():
        return []
    read = yaml.safe_load(SERVERS.read_text()) or []
    return list(read.get("servers") or []) if isinstance(read, dict) else list(read)


def metrics() -> str:
    """In Prometheus' form."""
    listed = servers()
    text = ""
    for server in listed:
        pairs = {"bmc_ip": server["bmc_ip"], "server_name": server["name"]}
        labels = ",".join(f"{name}={json.dumps(str(value))}" for name, value in pairs.items())
        text += OF_A_SERVER.format(labels)
    return text + OF_ALL.format(len(listed), time.time())


def page(headers: dict[str, str]) -> str:
    """The page, with what the proxy said of the user."""
    shown = {name: value for name, value in headers.items() if name.lower().startswith("x-")}
    return PAGE.format(
        name=html.escape(os.environ.get("APP_NAME", "IPMI Monitor")),
        servers="".join(f"<li>{html.escape(str(server['name']))}" for server in servers()),
        headers=html.escape(json.dumps(shown, indent=2)),
    )


class Handler(BaseHTTPRequestHandler):
    """Its three pages."""

    def do_GET(self) -> None:
        match self.path.partition("?")[0]:
            case "/metrics":
                self._answer(200, metrics(), kind="text/plain; version=0.0.4")
            case "/health":
                self._answer(200, '{"status": "ok"}', kind="application/json")
            case "/":
                self._answer(200, page(dict(self.headers.items())), kind="text/html")
            case _:
                self._answer(404, "not found", kind="text/plain")

    def log_message(self, *args: object) -> None:
        """Say nothing of every scrape."""

    def _answer(self, status: int, body: str, *, kind: str) -> None:
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def main() -> None:
    """Serve until killed; what is in the volume outlives the container, as events do."""
    # As process 1 of a container it would not be ended by a signal that nobody handles.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if os.environ.get("ADMIN_PASS", "admin") == "admin":
        print("warning: ADMIN_PASS is not set", flush=True)
    DATABASE.touch()
    ThreadingHTTPServer(("0.0.0.0", PORT), Handler).serve_forever()


if __name__ == "__main__":
    main()
