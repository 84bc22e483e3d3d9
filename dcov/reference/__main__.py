"""Write the generated parts of the pages in docs/ anew, or only say which are not current."""

from __future__ import annotations

import sys
from pathlib import Path

from dcov.reference.pages import stale, write

ROOT = Path(__file__).absolute().parents[2]


def main() -> int:
    """With --check nothing is written, and pages that are not current end it with 1."""
    old = stale(ROOT)
    for page in old:
        sys.stderr.write(f"{page.relative_to(ROOT)}\n")
    if "--check" in sys.argv[1:]:
        return 1 if old else 0
    write(ROOT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
