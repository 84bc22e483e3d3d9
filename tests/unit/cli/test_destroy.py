"""`dcov destroy` asks for the site's name, and does nothing without it."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

DCOV = [sys.executable, "-c", "from dcov.cli import main; main()"]


def test_a_plan_for_this_machine_says_so(tmp_path: Path) -> None:
    """Without a `master:` it is this one, and its host name alone need not tell.

    No exit code is asked for: Docker may be stopped here, and then the plan fails and says it.
    """
    config = tmp_path / "fleet-config.yaml"
    config.write_text("site_name: Test\nservers: []\n")
    name = socket.gethostname().partition(".")[0]
    done = subprocess.run(
        [*DCOV, "-c", str(config), "destroy", "--dry-run"],
        env={"HOME": str(tmp_path), "PATH": "/nonexistent:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{name} is this machine" in done.stderr.splitlines(), done.stderr


def test_without_a_terminal_nothing_is_done(tmp_path: Path) -> None:
    """-y must have said it; the exit code is that of a wrong call, and the plan was shown."""
    config = tmp_path / "fleet-config.yaml"
    config.write_text("site_name: Test\nmaster: local\nservers: []\n")
    done = subprocess.run(
        [*DCOV, "-c", str(config), "destroy"],
        env={"HOME": str(tmp_path), "PATH": "/nonexistent:/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "there is no terminal to ask on" in done.stderr
    assert "destroy-stack" in done.stderr
