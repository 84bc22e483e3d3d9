"""Debian's own prometheus and promtool: those on the path, or else out of the package."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import requests
from filelock import FileLock

from fleetlab import apt, image
from fleetlab.command import run

SUITE = "bookworm"


@cache
def program(name: str) -> str:
    """Give `prometheus` or `promtool`; unpacked once, no service of this machine is touched."""
    found = shutil.which(name)
    if found:
        return found
    folder = image.cache() / f"prometheus-{SUITE}"
    with FileLock(f"{folder}.lock"):
        if not folder.is_dir():
            _unpack(folder)
    return str(folder / "usr" / "bin" / name)


def _unpack(folder: Path) -> None:
    work = folder.with_suffix(".new")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    package = apt.download("prometheus", suite=SUITE, to=work)
    run(("dpkg-deb", "--extract", str(package), str(work)))
    package.unlink()
    work.rename(folder)


@dataclass(frozen=True)
class Serving:
    """A Prometheus on loopback that has a past, and evaluates rules every second."""

    url: str
    _seen: set[str] = field(default_factory=set, repr=False)

    def ask(self, path: str, **parameters: str | float) -> Any:
        answer = requests.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=30)
        said = answer.json()
        assert said["status"] == "success", (parameters, said)
        return said["data"]

    def query(self, expr: str) -> list[dict[str, Any]]:
        return list(self.ask("query", query=expr)["result"])

    def settled(self, *, rounds: int = 3) -> bool:
        """Whether every group has been evaluated so often: records read other groups' records."""
        groups = self.ask("rules")["groups"]
        for rule in (rule for group in groups for rule in group["rules"]):
            assert rule["health"] != "err", rule
        ran = [group["lastEvaluation"] for group in groups]
        self._seen.update(ran)
        return bool(groups) and len(self._seen) >= rounds * len(groups)


@contextmanager
def serving(folder: Path, *, rules: Mapping[str, str], past: str) -> Iterator[Serving]:
    """Run Debian's Prometheus on these rules, and on samples of the past in OpenMetrics."""
    (folder / "past.txt").write_text(past)
    data = folder / "data"
    made = ("tsdb", "create-blocks-from", "openmetrics", "--quiet", "--max-block-duration=24h")
    run((program("promtool"), *made, str(folder / "past.txt"), str(data)))
    (folder / "rules").mkdir()
    for name, text in rules.items():
        (folder / "rules" / name).write_text(text)
    config = folder / "prometheus.yml"
    config.write_text("global: {evaluation_interval: 1s}\nrule_files: [rules/*.yml]\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    listen = f"--web.listen-address=127.0.0.1:{port}"
    argv = (program("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={data}", listen)
    with (folder / "log").open("w") as log, subprocess.Popen(argv, stderr=log) as process:
        try:
            yield _settled(Serving(f"http://127.0.0.1:{port}"), process, log=folder / "log")
        finally:
            process.terminate()


def _settled(server: Serving, process: subprocess.Popen[bytes], *, log: Path) -> Serving:
    limit = time.monotonic() + 120
    while time.monotonic() < limit:
        assert process.poll() is None, log.read_text()
        with suppress(requests.ConnectionError):
            if server.settled():
                return server
        time.sleep(0.3)
    raise AssertionError(log.read_text())
