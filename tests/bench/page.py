"""docs/benchmarks.md: a head, and a section for each part."""

from __future__ import annotations

import re
from collections.abc import Sequence

SECTION = re.compile(r"^(?=## )", re.MULTILINE)


def with_sections(page: str, sections: Sequence[str]) -> str:
    """Return the page with these in the place of its sections of the same title; new ones last."""
    head, *had = SECTION.split(page)
    found = {text.partition("\n")[0]: text.strip() for text in (*had, *sections)}
    return "\n\n".join((head.strip(), *found.values())) + "\n"
