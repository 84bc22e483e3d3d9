"""A stand-in for Grafana as a process of its own, for tests; see its README for what it is not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import requests

STAND_INS = Path(__file__).parent / "fleetlab" / "stand_ins"
PASSWORD = "a-long-admin-password"


class GrafanaStandIn:
    """Runs for the time of a `with` block; a second one on the same folder finds its data."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.provisioning = folder / "provisioning"
        self.dashboards = folder / "dashboards"
        for kind in ("datasources", "dashboards", "alerting"):
            (self.provisioning / kind).mkdir(parents=True, exist_ok=True)
        self.dashboards.mkdir(exist_ok=True)
        secret = folder / "admin-password"
        secret.write_text(PASSWORD + "\n")
        self.variables: Mapping[str, str] = {
            "GF_SERVER_HTTP_ADDR": "127.0.0.1",
            "GF_SERVER_HTTP_PORT": "0",
            "GF_SERVER_ROOT_URL": "https://fleet.example/grafana/",
            "GF_SERVER_SERVE_FROM_SUB_PATH": "true",
            "GF_SECURITY_ADMIN_PASSWORD__FILE": str(secret),
            "GF_PATHS_DATA": str(folder / "data"),
            "GF_PATHS_PROVISIONING": str(self.provisioning),
            **variables,
        }

    def __enter__(self) -> Self:
        with (self.folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                (sys.executable, "-m", "grafana"),
                env={**os.environ, "PYTHONPATH": str(STAND_INS), **self.variables},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        if "Listen" not in said:
            self._process.wait()
            self._process.stdout.close()
            raise OSError((self.folder / "log").read_text())
        self.port = int(said.split()[-1])
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End it; what it has kept stays."""
        assert self._process.stdout is not None
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()

    @property
    def url(self) -> str:
        """Where it answers, its sub-path included."""
        return f"http://127.0.0.1:{self.port}/grafana"

    def ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> requests.Response:
        """Ask as admin, or with these headers as nobody."""
        auth = None if headers is not None else ("admin", PASSWORD)
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method, self.url + path, auth=auth, headers=headers, allow_redirects=False,
                timeout=10, **more,
            )  # fmt: skip
