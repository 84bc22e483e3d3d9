"""The blocks of a Markdown page, as far as tests run or check them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).absolute().parents[1]
FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?P<to>[^)#\s]+)(?:#[^)]*)?\)")
INLINE = re.compile(r"`(dcov [a-z][^`]*)`", re.DOTALL)
COMMAND = re.compile(r"^ {4}(dcov .*)$")


@dataclass(frozen=True)
class Block:
    """One fenced block: what stands behind its fence, its text, and its first line."""

    info: str
    text: str
    line: int


@dataclass(frozen=True)
class Page:
    """One page."""

    path: Path

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        return self.path.read_text()

    @property
    def blocks(self) -> list[Block]:
        found = FENCE.finditer(self.text)
        return [
            Block(
                info=block["info"].strip(),
                text=block["text"],
                line=self.text.count("\n", 0, block.start("text")) + 1,
            )
            for block in found
        ]

    @property
    def links(self) -> list[str]:
        return [found["to"] for found in LINK.finditer(FENCE.sub("", self.text))]

    @property
    def commands(self) -> Iterator[list[str]]:
        """Yield every `dcov ...` of the page as its words: lines of code, and code in a line."""
        lines = [found[1] for line in self.text.splitlines() if (found := COMMAND.match(line))]
        prose = FENCE.sub("", self.text)
        inline = [" ".join(found[1].split()) for found in INLINE.finditer(prose)]
        for line in [*lines, *inline]:
            yield shlex.split(line, comments=True)


def pages() -> list[Page]:
    """Return README.md, CONTRIBUTING.md and all of docs/."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [Page(path) for path in found]
