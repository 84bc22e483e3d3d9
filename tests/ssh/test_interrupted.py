"""Ctrl-C as an operator presses it: SIGINT to a `dcov` of its own, on many servers of an sshd."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ssh.fleets import Yard, eventually, running, traces, tree

DCOV = (sys.executable, "-c", "import dcov.cli; dcov.cli.main()")
TASKS = '''
from pathlib import Path, PurePosixPath

from dcov import Context, task
from dcov.resources import File


@task(on="workers")
def write_slowly(ctx: Context, *, folder: Path, pause: float) -> None:
    """Write three files, each looked at for some time before it is in its place."""
    ctx.ensure(
        *(
            File(
                path=PurePosixPath(folder / ctx.name / name),
                content="new",
                validate=("sh", "-c", f"sleep {pause}", "sh"),
            )
            for name in ("a", "b", "c")
        )
    )
'''


@dataclass(frozen=True)
class Operator:
    """Somebody with a terminal, at a site of many servers."""

    yard: Yard
    config: Path

    def begin(self, *words: str | Path) -> subprocess.Popen[str]:
        """Start `dcov`; its report is JSON."""
        return subprocess.Popen(
            [*DCOV, *map(str, words)],
            env={**os.environ, "DCOV_CONFIG": str(self.config), "HOME": str(self.yard.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @staticmethod
    def outcomes(process: subprocess.Popen[str]) -> dict[str, dict[str, Any]]:
        """Wait for the end of one that was interrupted, and read its report."""
        out, err = process.communicate(timeout=60)
        assert process.returncode == 130, err
        return {item["server"]: item for item in json.loads(out)["servers"]}


@pytest.fixture
def operator(yard: Yard) -> Operator:
    sshd = yard.sshd
    names = [f"gpu-{n:02}" for n in range(1, 56)]
    yard.fleet(*names)  # their folders, and their host keys
    (yard.folder / "tasks").mkdir()
    (yard.folder / "tasks" / "slow.py").write_text(TASKS)
    config = yard.folder / "fleet-config.yaml"
    site = {
        "site_name": "many",
        "ssh": {"username": sshd.user, "key_path": str(sshd.key_path), "port": sshd.port},
        "servers": [
            {"name": name, "server_ip": sshd.address(n)} for n, name in enumerate(names, 1)
        ],
    }
    config.write_text(yaml.safe_dump(site))
    return Operator(yard, config)


def test_fifty_commands_end_and_five_never_begin(operator: Operator) -> None:
    """130 within 5 s, an outcome for each of 55 servers, and no process left on any."""
    marks = operator.yard.folder / "marks"
    line = f"echo x >>{marks}; sleep 60; : {marks}"
    limits = ("--limit", "gpu-*", "--workers", "50", "-o", "json")
    process = operator.begin("exec", *limits, "--", line)
    begun = eventually(lambda: marks.exists() and len(marks.read_text().split()) == 50, within=90)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    found = operator.outcomes(process)
    assert time.monotonic() - began < 5
    assert begun
    statuses = [item["status"] for item in found.values()]
    assert (len(found), statuses.count("cancelled"), statuses.count("not_run")) == (55, 50, 5)
    assert eventually(lambda: running(f"sleep 60; : {marks}") == [])
    assert len(marks.read_text().split()) == 50


def test_applies_come_to_their_end(operator: Operator) -> None:
    """Each server has all of its change or nothing; those that waited are not begun."""
    yard = operator.yard
    process = operator.begin(
        "run", "write-slowly", "--limit", "gpu-01:gpu-02:gpu-03:gpu-04:gpu-05", "--workers", "3",
        "--folder", yard.folder, "--pause", "0.5", "-o", "json",
    )  # fmt: skip
    assert eventually(lambda: any(yard.folder.glob("gpu-*/a")), within=60)
    process.send_signal(signal.SIGINT)
    found = operator.outcomes(process)
    assert len(found) == 5
    whole = {name for name in found if sorted(tree(yard.home(name))) == ["a", "b", "c"]}
    assert whole
    assert {name for name, item in found.items() if item["status"] == "changed"} == whole
    for name in found.keys() - whole:
        assert found[name]["status"] in {"cancelled", "not_run"}
        assert tree(yard.home(name)) == {}
    assert [item["status"] for item in found.values()].count("not_run") == 2


def test_whoever_does_not_wait_for_an_apply_is_told_of_the_doubt(operator: Operator) -> None:
    """A second Ctrl-C leaves at once; the server then takes back what nobody has confirmed."""
    yard = operator.yard
    process = operator.begin(
        "run", "write-slowly", "--limit", "gpu-01", "--deadline", "12",
        "--folder", yard.folder, "--pause", "2", "-o", "json",
    )  # fmt: skip
    assert eventually(lambda: traces() != [], within=60)
    process.send_signal(signal.SIGINT)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    found = operator.outcomes(process)
    assert time.monotonic() - began < 5
    assert found["gpu-01"]["status"] == "cancelled"
    assert "in doubt" in found["gpu-01"]["why"]
    assert eventually(lambda: traces() == [], within=40)
    assert tree(yard.home("gpu-01")) == {}
