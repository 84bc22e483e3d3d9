"""What compose leaves behind, put right; the engine and compose are stand-ins."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from dcov.ssh.scripts import remote

ENGINE = """#!/bin/sh
# A stand-in for the engine and for compose 2, whose containers are the names in $STATE.
case $* in
"compose version") exit 0 ;;
"container inspect "*) grep -qx "$3" "$STATE" ;;
"container ls"*project=site*service=web*) grep web "$STATE" ;;
"rename "*) sed -i "s/^$2\\$/$3/" "$STATE" ;;
*" up "*) [ ! -e "$STATE.broken" ] ;;
*) exit 1 ;;
esac
"""


def up(folder: Path) -> int:
    argv = (
        "sh",
        "-c",
        remote("compose.sh"),
        "sh",
        str(folder / "site" / "x.yml"),
        "up",
        "web",
        "db",
    )
    path = f"{folder}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "STATE": str(folder / "state")}
    return subprocess.run(argv, env=env, check=False).returncode


def test_a_container_has_its_name_again(tmp_path: Path) -> None:
    """Compose 1 had renamed it for one in its place that did not start."""
    (tmp_path / "docker").write_text(ENGINE)
    (tmp_path / "docker").chmod(0o755)
    state = tmp_path / "state"
    state.write_text("94bc5dca13fa_web\nmy_web\ndb\n")
    assert up(tmp_path) == 0
    assert state.read_text() == "web\nmy_web\ndb\n"
    assert up(tmp_path) == 0
    state.write_text("94bc5dca13fa_web\n")
    (tmp_path / "state.broken").touch()
    assert up(tmp_path) == 1
    assert state.read_text() == "94bc5dca13fa_web\n"  # as it failed, so it is
