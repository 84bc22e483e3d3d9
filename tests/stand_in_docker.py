"""A stand-in for the engine: its one container is the nginx of a test, on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from own_nginx import NGINX

PROGRAM = """#!/bin/sh
case $1 in
inspect) cat "$STATE" ;;
exec) shift 3; exec "$NGINX" "$@" ;;
esac
"""


def stand_in_docker(folder: Path, *, started: str) -> dict[str, str]:
    """Put it into `folder`/bin; `folder`/state is what it says of its container."""
    program = folder / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    state = folder / "state"
    state.write_text(f"true {started}\n")
    path = f"{program.parent}:{os.environ['PATH']}"
    return {"PATH": path, "STATE": str(state), "NGINX": NGINX}
