"""The command `dcov`.

Each press of Tab starts it anew. So a group of commands is imported when it is called, and where a
command completes the names of servers or tasks, it imports what it works with when it runs.
"""

from __future__ import annotations


def main() -> None:
    """Run the command line of this process."""
    from dcov.cli.app import app

    app(prog_name="dcov")
