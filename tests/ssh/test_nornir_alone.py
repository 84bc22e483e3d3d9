"""Nornir is built and not initialised: no log file, no logging set up, no secret in its hands."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Any

from nornir.core.task import Task as NornirTask
from ssh.fleets import Yard, login

from dcov import Context, Secret, task

PROGRAM = """
    import json, logging, sys
    from pathlib import Path

    def loggers():
        return {
            name: [logging.getLogger(name).level, len(logging.getLogger(name).handlers)]
            for name in ("", "nornir", "nornir.core", "paramiko")
        }

    before = loggers()
    from dcov import Context, Fleet, Server, task
    from dcov.engine.options import Options

    @task
    def own(ctx: Context) -> str:
        return ctx.run(("echo", "well"), reads=True).stdout

    def plain(task):
        assert task.host.name == "gpu-01"

    def stumbling(task):
        raise ValueError("a plain task's own fault, which Nornir logs")

    port, user, key = sys.argv[1:]
    server = Server(
        name="gpu-01", server_ip="127.0.0.1", ssh_port=int(port), ssh_user=user,
        ssh_key_path=Path(key),
    )
    fleet = Fleet.of(server).using(accept_new=True)
    assert fleet.run(own).summary == "1 ok"
    assert fleet.run(plain).summary == "1 ok"
    assert fleet.run(stumbling).summary == "1 failed"
    assert fleet.nornir.run(task=plain)["gpu-01"][0].failed is False
    print(json.dumps({"same": loggers() == before, "left": sorted(map(str, Path().iterdir()))}))
"""


def test_a_run_sets_up_no_logging_and_writes_no_log(yard: Yard) -> None:
    """In a process of its own, whose folder and loggers are as they were, whatever it ran."""
    here = yard.folder / "here"
    here.mkdir()
    done = subprocess.run(
        (sys.executable, "-c", textwrap.dedent(PROGRAM), str(yard.sshd.port), yard.sshd.user,
         str(yard.sshd.key_path)),
        cwd=here, capture_output=True, text=True, check=False,
        env={"HOME": str(yard.folder), "XDG_CONFIG_HOME": str(yard.folder / "config"),
             "XDG_STATE_HOME": str(yard.folder / "state"), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == '{"same": true, "left": []}\n'


class Listening:
    """A Nornir processor that keeps all that Nornir shows of a run."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def task_started(self, task: NornirTask) -> None:
        self.seen.append(self._shown(task))

    def task_completed(self, task: NornirTask, result: Any) -> None:
        self.seen.append(self._shown(task))

    def task_instance_started(self, task: NornirTask, host: Any) -> None:
        self.seen.append(self._shown(task))

    def task_instance_completed(self, task: NornirTask, host: Any, result: Any) -> None:
        self.seen.append(self._shown(task))

    def subtask_instance_started(self, task: NornirTask, host: Any) -> None:
        self.seen.append(self._shown(task))

    def subtask_instance_completed(self, task: NornirTask, host: Any, result: Any) -> None:
        self.seen.append(self._shown(task))

    @staticmethod
    def _shown(task: NornirTask) -> dict[str, Any]:
        return {"name": task.name, "params": dict(task.params)}


def test_no_secret_is_among_what_nornir_is_given(yard: Yard) -> None:
    """A task's own parameters stay with dcov: processors and debuggers see Nornir's."""

    @task
    def log_in_somewhere(ctx: Context, *, password: Secret) -> int:
        return len(password.reveal())

    listening = Listening()
    planted = Secret("correct-horse-battery")
    entry = login(yard.sshd.entry("gpu-01"), sudo_password=Secret("staple-of-the-sudo"))
    fleet = yard.fleet_of(entry, processors=(listening,))
    report = fleet.run(log_in_somewhere, password=planted)
    assert report["gpu-01"].value == len(planted.reveal())
    assert len(listening.seen) >= 4
    assert listening.seen == [{"name": "log-in-somewhere", "params": {}}] * len(listening.seen)
