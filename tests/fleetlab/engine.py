"""The container engine of this machine."""

import os
import shutil
import time
from pathlib import Path

from . import apt
from .command import Finished, LabError, detach, log, run

TOOLS = {"iptables": "iptables", "ip": "iproute2", "nsenter": "util-linux"}


def docker(
    *argv: str,
    input: str | None = None,  # noqa: A002 - subprocess calls it so
    check: bool = True,
    within: float = 900,
) -> Finished:
    """One call of docker's command line.

    Images are built by the classic builder: BuildKit's plugin is no part of Debian's docker.io.
    """
    env = dict(os.environ, DOCKER_BUILDKIT="0")
    return run(("docker", *argv), input=input, check=check, within=within, env=env)


def answers() -> bool:
    """Whether an engine is there to be asked."""
    if shutil.which("docker") is None:
        return False
    return docker("version", "--format", "{{.Server.Version}}", check=False).returncode == 0


def ensure(*, log_to: Path) -> None:
    """Use the engine that answers; else install and start one, and wait for it."""
    apt.ensure_tools(TOOLS)
    if answers():
        return
    apt.ensure_tools({"docker": "docker.io", "dockerd": "docker.io"})
    log.info("start the container engine")
    if Path("/run/systemd/system").is_dir():
        run(("systemctl", "start", "docker"))
    else:
        _start_by_hand(log_to)
    if not answers():
        raise LabError("docker's service has started and does not answer")


def _start_by_hand(log_to: Path) -> None:
    """Start dockerd where no init runs, and wait for it; it outlives this process."""
    deadline = time.monotonic() + 90
    pid = detach(("dockerd",), words=log_to)
    while not answers():
        if time.monotonic() > deadline:
            raise LabError(f"dockerd does not answer; its words are in {log_to}")
        time.sleep(0.5)
        ended, _ = os.waitpid(pid, os.WNOHANG)
        if ended:  # an older one is still shutting down and holds the pid file
            time.sleep(2)
            pid = detach(("dockerd",), words=log_to)
