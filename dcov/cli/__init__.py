"""The command `dcov`. What it costs to ask for help or a completion is what is imported here."""

from __future__ import annotations


def main() -> None:
    """Run the command line of this process."""
    from dcov.cli.app import app

    app(prog_name="dcov")
