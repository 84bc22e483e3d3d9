"""Pages with generated parts.

What stands between `<!-- begin NAME -->` and `<!-- end -->` is made from the code, or included
from a file (`<!-- begin include examples/own_task.py -->`); the rest of a page is its author's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from dcov.reference.api import api
from dcov.reference.configuration import configuration, not_acted_on, secrets_file
from dcov.reference.errors import errors, errors_tree

PART = re.compile(
    r"^(?P<begin><!-- begin (?P<name>[^\n]+?) -->)\n.*?^<!-- end -->$", re.DOTALL | re.MULTILINE
)
LANGUAGES = MappingProxyType({".py": "python", ".sh": "sh", ".toml": "toml", ".yaml": "yaml"})
MAKERS: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "api": api,
        "configuration": configuration,
        "errors": errors,
        "errors tree": errors_tree,
        "not acted on": not_acted_on,
        "secrets file": secrets_file,
    }
)


def rendered(text: str, *, root: Path) -> str:
    """Return a page with all its generated parts made anew."""

    def made(found: re.Match[str]) -> str:
        name = found["name"]
        kind, _, path = name.partition(" ")
        part = _included(root / path) if kind == "include" else MAKERS[name]()
        return f"{found['begin']}\n\n{part.strip()}\n\n<!-- end -->"

    return PART.sub(made, text)


def stale(root: Path) -> list[Path]:
    """Return the pages whose generated parts are not what they should be."""
    return [page for page in _pages(root) if rendered(_text(page), root=root) != _text(page)]


def write(root: Path) -> None:
    """Make all pages current."""
    for page in stale(root):
        page.write_text(rendered(_text(page), root=root), encoding="utf-8")


def _pages(root: Path) -> Iterator[Path]:
    yield from sorted((root / "docs").rglob("*.md"))


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _included(file: Path) -> str:
    return f"```{LANGUAGES.get(file.suffix, 'text')}\n{_text(file).rstrip()}\n```"
