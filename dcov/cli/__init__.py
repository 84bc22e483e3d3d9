"""The command `dcov`.

Each press of Tab starts it anew. So a group of commands is imported when it is called, and where a
command completes the names of servers or tasks, it imports what it works with when it runs.
"""

from __future__ import annotations

import sys
from io import TextIOWrapper


def main() -> None:
    """Run the command line of this process."""
    from dcov.cli.app import app

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a name that the terminal lacks letters for
            stream.reconfigure(errors="backslashreplace")

    app(prog_name="dcov")
