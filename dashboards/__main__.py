"""Write every dashboard beside this file."""

from __future__ import annotations

from pathlib import Path

from dcov.dashboards import BOARDS


def main() -> None:
    """Write them anew; what has not changed is the same to the byte."""
    for board in BOARDS:
        Path(__file__).with_name(board.file).write_text(board.text())


if __name__ == "__main__":
    main()
