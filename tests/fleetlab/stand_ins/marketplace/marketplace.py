"""A STAND-IN for the account exporters vastai-exporter and runpod-exporter, not the real ones.

Their images cannot be had here, and the marketplaces are not to be asked. This program has their
ports, flags, environment, key store, management API and some of their metric names; every account
has one machine with two GPUs, whatever its key. Nothing that it reports was asked of anybody.
"""

import argparse
import hmac
import json
import os
import signal
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Marketplace:
    """What differs between the two."""

    variable: str
    """The beginning of its variables' names."""
    token_file: str
    port: int
    metrics: str
    """Of one account, with its name to be put in."""


VASTAI = Marketplace(
    variable="VASTAI",
    token_file=".vast-mgmt-token",
    port=8622,
    metrics="""\
vastai_account_balance{{account="{0}"}} 123.45
vastai_account_gpus_total{{account="{0}"}} 2
vastai_account_machines_total{{account="{0}"}} 1
vast_machine_Listed{{account="{0}",hostname="{0}-machine",machine_id="1"}} 1
vast_machine_Reliability{{account="{0}",hostname="{0}-machine",machine_id="1"}} 0.99
vast_machine_num_gpus{{account="{0}",hostname="{0}-machine",machine_id="1"}} 2
vastai_machine_gpu_rented_on_demand{{account="{0}",hostname="{0}-machine",machine_id="1"}} 1
vastai_machine_gpu_idle{{account="{0}",hostname="{0}-machine",machine_id="1"}} 1
vastai_machine_earn_day{{account="{0}",hostname="{0}-machine",machine_id="1"}} 9.6
""",
)
RUNPOD = Marketplace(
    variable="RUNPOD",
    token_file=".runpod-mgmt-token",
    port=8623,
    metrics="""\
runpod_host_balance{{account="{0}"}} 67.8
runpod_account_machines_total{{account="{0}"}} 1
runpod_account_gpus_total{{account="{0}"}} 2
runpod_machine_gpu_total{{account="{0}",machine_id="1",name="{0}-machine"}} 2
runpod_machine_gpu_rented{{account="{0}",machine_id="1",name="{0}-machine"}} 1
runpod_machine_gpu_idle{{account="{0}",machine_id="1",name="{0}-machine"}} 1
runpod_machine_listed{{account="{0}",machine_id="1",name="{0}-machine"}} 1
runpod_machine_total_earnings{{account="{0}",machine_id="1",name="{0}-machine"}} 1234
""",
)


class Accounts:
    """Names and keys; the store wins over flags and environment once it is there."""

    def __init__(self, *, given: list[str], marketplace: Marketplace, data: Path) -> None:
        keys = os.environ.get(f"{marketplace.variable}_API_KEYS", "").split(",")
        keys += [os.environ.get(f"{marketplace.variable}_API_KEY", "")]
        self._given = dict(named(key.strip()) for key in (*given, *keys) if key.strip())
        self._store = data / "accounts.json"
        self._lock = threading.Lock()

    def all(self) -> dict[str, str]:
        """Names with their keys, as they are now."""
        if not self._store.exists():
            return dict(self._given)
        return {item["name"]: item["key"] for item in json.loads(self._store.read_text())}

    def put(self, name: str, key: str) -> None:
        """Add or replace one, in the store."""
        with self._lock:
            self._write({**self.all(), name: key})

    def drop(self, name: str) -> bool:
        """Remove one; whether there was one."""
        with self._lock:
            left = self.all()
            found = left.pop(name, None) is not None
            self._write(left)
        return found

    def _write(self, accounts: dict[str, str]) -> None:
        items = [{"name": name, "key": key} for name, key in accounts.items()]
        staged = self._store.with_suffix(".new")
        staged.touch(mode=0o600)
        staged.write_text(json.dumps(items))
        staged.rename(self._store)


def named(key: str) -> tuple[str, str]:
    """An account of `[name:]key`."""
    name, _, secret = key.rpartition(":")
    return name or "default", secret


class Handler(BaseHTTPRequestHandler):
    """Metrics for all; the management API for who has the token."""

    marketplace: Marketplace
    accounts: Accounts
    token: str

    def do_GET(self) -> None:
        match self.path.strip("/").split("/"):
            case ["metrics"]:
                # a name may have a quote in it
                names = [json.dumps(name)[1:-1] for name in self.accounts.all()]
                metrics = "".join(self.marketplace.metrics.format(name) for name in names)
                self._answer(200, metrics, kind="text/plain; version=0.0.4")
            case ["health"]:
                self._json(200, {"status": "ok"})
            case ["api", "status"]:
                self._json(200, {"accounts": len(self.accounts.all()), "stand_in": True})
            case ["api", "accounts", *_] if not self._allowed():
                self._json(401, {"error": "unauthorized"})
            case ["api", "accounts"]:
                listed = self.accounts.all().items()
                self._json(200, [{"name": name, "key": f"***{key[-4:]}"} for name, key in listed])
            case ["api", "accounts", name, "test"]:
                self._json(200 if name in self.accounts.all() else 404, {"name": name})
            case _:
                self._json(404, {"error": "not found"})

    def do_POST(self) -> None:
        if self.path != "/api/accounts":
            self._json(404, {"error": "not found"})
        elif not self._allowed():
            self._json(401, {"error": "unauthorized"})
        else:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            self.accounts.put(str(body["name"]), str(body["key"]))
            self._json(200, {"name": body["name"]})

    def do_DELETE(self) -> None:
        match self.path.strip("/").split("/"):
            case ["api", "accounts", *_] if not self._allowed():
                self._json(401, {"error": "unauthorized"})
            case ["api", "accounts", name]:
                self._json(200 if self.accounts.drop(name) else 404, {"name": name})
            case _:
                self._json(404, {"error": "not found"})

    def log_message(self, *args: object) -> None:
        """Say nothing of every scrape."""

    def _allowed(self) -> bool:
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        shown = self.headers.get("X-Mgmt-Token") or bearer
        return not self.token or hmac.compare_digest(shown.encode(), self.token.encode())

    def _json(self, status: int, content: object) -> None:
        self._answer(status, json.dumps(content), kind="application/json")

    def _answer(self, status: int, body: str, *, kind: str) -> None:
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def management_token(marketplace: Marketplace, *, data: Path) -> str:
    """From the environment, or the first of the files that is there; empty: all may manage."""
    folders = (Path("/etc/dc-overview"), data, Path("/data"))
    for path in (folder / marketplace.token_file for folder in folders):
        if not os.environ.get("MGMT_TOKEN") and path.is_file():
            return path.read_text().strip()
    return os.environ.get("MGMT_TOKEN", "")


def main() -> None:
    """Serve until killed."""
    # As process 1 of a container it would not be ended by a signal that nobody handles.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    parser = argparse.ArgumentParser(description="A stand-in.")
    parser.add_argument("marketplace", choices=("vastai", "runpod"))
    parser.add_argument("-api-key", action="append", default=[])
    parser.add_argument("-port", type=int)
    parser.add_argument("-interval", type=int, default=60)
    parser.add_argument("-listen-address", default="0.0.0.0")
    parser.add_argument("-data", type=Path, default=Path("/data"))
    asked = parser.parse_args()
    one = VASTAI if asked.marketplace == "vastai" else RUNPOD
    Handler.marketplace = one
    Handler.accounts = Accounts(given=asked.api_key, marketplace=one, data=asked.data)
    Handler.token = management_token(one, data=asked.data)
    address = (asked.listen_address, asked.port or one.port)
    ThreadingHTTPServer(address, Handler).serve_forever()


if __name__ == "__main__":
    main()
