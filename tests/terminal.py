"""A command of dcov on a real terminal, as somebody who types sees it."""

from __future__ import annotations

import os
import pty
import select
import sys
import time

DCOV = (sys.executable, "-c", "from dcov.cli import main; main()")
LEAVE = "\x04"  # Ctrl-D


def on_a_terminal(*words: str, answer: str = LEAVE) -> tuple[int, str]:
    """Call dcov, and give this answer to each of its questions.

    Returns the exit code and what the terminal showed, at most what 30 s bring.
    """
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [*DCOV, *words])
    shown, give_up = "", time.monotonic() + 30
    while time.monotonic() < give_up:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                shown += os.read(terminal, 4096).decode()
            except OSError:  # the other end is closed
                break
        if shown.rstrip().endswith(":"):
            os.write(terminal, answer.encode())
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), shown
