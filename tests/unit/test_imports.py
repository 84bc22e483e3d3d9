"""What it costs to import dcov, and to ask its command for help: each Tab starts it anew.

Costs are CPU time of fresh processes, relative to what cannot be avoided, measured in turns so
that a busy machine slows both alike. Every process finds its bytecode, as in an installation.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROUNDS = 5
ENGINE = "import nornir, paramiko"
NAMES = "from dcov import Fleet, Server, Task, task"
COMMAND = "import sys; sys.argv[0] = 'dcov'; from dcov.cli import main; main()"
EMPTY_APP = """
import typer
app = typer.Typer()
@app.command()
def nothing() -> None: ...
app()
"""
LAZY = ("docker", "fastapi", "netmiko", "nornir_netmiko", "pandas", "requests", "rich")
SITE = "servers: [{name: gpu-01, server_ip: 192.0.2.1}, {name: gpu-02, server_ip: 192.0.2.2}]\n"

pytestmark = pytest.mark.xdist_group("imports")


class Stopwatch:
    """Measures Python processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        self._environ = {**kept, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}

    def run(self, code: str, *words: str, environ: Mapping[str, str] | None = None) -> float:
        """Run it; return its CPU time in seconds."""
        with subprocess.Popen(
            [sys.executable, "-c", code, *words],
            stdout=subprocess.DEVNULL,
            env={**self._environ, **(environ or {})},
            cwd=self._folder,
        ) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return used.ru_utime + used.ru_stime

    def said(self, code: str, *words: str, environ: Mapping[str, str] | None = None) -> str:
        """Run it; return what it prints."""
        return subprocess.run(
            [sys.executable, "-c", code, *words],
            check=True,
            capture_output=True,
            text=True,
            env={**self._environ, **(environ or {})},
            cwd=self._folder,
        ).stdout

    def ratio(self, one: tuple[object, ...], to: tuple[object, ...]) -> float:
        """Measure both in turns; return how many times as much the first one costs."""
        times = [(self._one(one), self._one(to)) for _ in range(ROUNDS + 1)]
        own, other = zip(*times[1:], strict=True)  # the first ones wrote the bytecode
        return statistics.median(own) / statistics.median(other)

    def _one(self, what: tuple[object, ...]) -> float:
        code, *rest = what
        environ = next((item for item in rest if isinstance(item, dict)), None)
        return self.run(str(code), *(str(w) for w in rest if isinstance(w, str)), environ=environ)


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Stopwatch:
    folder = tmp_path_factory.mktemp("imports")
    (folder / "fleet-config.yaml").write_text(SITE)
    return Stopwatch(folder)


def test_the_bare_package_costs_next_to_nothing(watch: Stopwatch) -> None:
    assert watch.ratio(("import dcov",), (ENGINE,)) <= 0.3


def test_the_public_names_cost_no_more_than_the_engine_once_again(watch: Stopwatch) -> None:
    assert watch.ratio((NAMES,), (ENGINE,)) <= 2.0


def test_the_public_names_load_nothing_that_few_need(watch: Stopwatch) -> None:
    code = f"{NAMES}\nimport sys\nprint(*sorted(set({LAZY!r}) & set(sys.modules)))"
    assert watch.said(code).split() == []


def test_help_costs_little_more_than_that_of_an_empty_app(watch: Stopwatch) -> None:
    assert watch.ratio((COMMAND, "--help"), (EMPTY_APP, "--help")) <= 2.0


def test_completion_of_a_server_costs_little_more_than_an_empty_app(watch: Stopwatch) -> None:
    asks = {"_DCOV_COMPLETE": "complete_bash", "COMP_WORDS": "dcov ssh gpu-", "COMP_CWORD": "2"}
    assert watch.said(COMMAND, environ=asks).split() == ["gpu-01", "gpu-02"]
    assert watch.ratio((COMMAND, asks), (EMPTY_APP, "--help")) <= 2.0
