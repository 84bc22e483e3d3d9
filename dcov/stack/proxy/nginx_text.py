"""What `nginx -T` prints: a configuration as nginx reads it, with the files that it includes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

SECTION = re.compile(r"^# configuration file (?P<path>/.+):$", re.MULTILINE)
TOKEN = re.compile(
    r"""\s+|\#[^\n]*|(?P<quoted>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<mark>[{};])"""
    r"""|(?P<word>(?:\$\{\w+\}|\\.|[^\s{};])+)""",
    re.DOTALL,
)
DEEPEST = 20  # an include that includes itself is refused by nginx; this ends it here


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """One directive; `inside` is its block, of an `include` what stands in those files."""

    name: str
    words: tuple[str, ...]
    inside: tuple[Directive, ...] = ()

    def each(self, name: str) -> Iterator[Directive]:
        """Yield the directives of this name in its block, those of included files too."""
        for item in self.inside:
            if item.name == name:
                yield item
            if item.name == "include":
                yield from item.each(name)


def read_nginx(text: str) -> Directive:
    """Read the output of `nginx -T`: a directive without a name, around everything."""
    heads = list(SECTION.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    files = {head["path"]: text[head.end() : end] for head, end in zip(heads, ends, strict=True)}
    main = heads[0]["path"] if heads else ""
    return Directive(name="", words=(), inside=_file(main, files=files, depth=0))


def pattern(include: Directive, *, folder: str) -> str:
    """Return the whole path or pattern of an include; `folder` is that of the main file."""
    return str(PurePosixPath(folder) / include.words[0])


def _file(path: str, *, files: Mapping[str, str], depth: int) -> tuple[Directive, ...]:
    tokens = (
        (found["mark"], found["word"] or _unquoted(found["quoted"]))
        for found in TOKEN.finditer(files.get(path, ""))
        if found.lastgroup
    )
    folder = str(PurePosixPath(next(iter(files), "/")).parent)
    return tuple(_block(tokens, files=files, folder=folder, depth=depth))


def _block(
    tokens: Iterator[tuple[str | None, str]], *, files: Mapping[str, str], folder: str, depth: int
) -> Iterator[Directive]:
    words: list[str] = []
    for mark, word in tokens:
        if mark is None:
            words.append(word)
            continue
        if mark == "}":
            return
        name, *rest = words or [""]
        inside: tuple[Directive, ...] = ()
        if mark == "{":
            inside = tuple(_block(tokens, files=files, folder=folder, depth=depth))
        elif name == "include" and rest and depth < DEEPEST:
            wanted = str(PurePosixPath(folder) / rest[0])
            names = sorted(path for path in files if fnmatchcase(path, wanted))
            inside = tuple(
                item for path in names for item in _file(path, files=files, depth=depth + 1)
            )
        yield Directive(name=name, words=tuple(rest), inside=inside)
        words = []


def _unquoted(text: str | None) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text else ""
