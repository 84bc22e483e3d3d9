"""The files and folders of a fake server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from dcov.ssh.command import Finished, quote
from dcov.ssh.scripts import remote
from dcov.ssh.session import digest
from dcov.testing.fake.part import DONE, NOT_FOUND, said

Content = str | bytes
Rights = tuple[str, str, str]  # owner, group, mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """Files with their content by path; every folder above one of them is there as well.

    `staged` are contents that a step is still to place, by the word that stands for them.
    """

    files: dict[str, Content]
    folders: set[str]
    staged: dict[str, Content] = field(default_factory=dict)
    rights: dict[str, Rights] = field(default_factory=dict)

    @property
    def state(self) -> tuple[Any, ...]:
        """The collections that make up its state."""
        return self.files, self.folders, self.rights

    def text(self, path: str) -> str:
        """Return the content of a file as text, empty where there is none."""
        content = self.files.get(path, "")
        return content if isinstance(content, str) else content.decode(errors="surrogateescape")

    def sha256(self, path: str) -> str:
        """Return the digest of a file."""
        content = self.files[path]
        return digest(content.encode() if isinstance(content, str) else content)

    def stage(self, path: str, content: Content) -> None:
        """Keep a content until a step places it."""
        self.staged[path] = content

    def tell(self, words: tuple[str, ...]) -> Finished | None:
        """Answer what `Directory`, `File`, `Binary` and their absent forms ask, and `cat`."""
        match words:
            case ("sh", "-c", script, "sh", path, how) if script == _probe():
                return self._file(path, digest_only=how == "digest")
            case ("stat", "-c", "%F|%U|%G|%a", "--", path):
                kind = self._kind(path)
                return said("|".join((kind, *self._rights(path)))) if kind else NOT_FOUND
            case ("find", path, *depth):
                names = [name for name in self._below(path) if not depth or _is_in(path, name)]
                return said("\n".join((path, *names))) if self._kind(path) else NOT_FOUND
            case ("cat", "--", path):
                return said(self.text(path), end="") if path in self.files else NOT_FOUND
        return None

    def do(self, words: tuple[str, ...]) -> Finished | None:
        """Do a step of theirs."""
        match words:
            case ("stage", path, text):
                self.stage(f"$(beside {quote((path,))} new)", text)
            case ("place", content, path, owner, group, mode):
                self.files[path] = self.staged[content]
                self.rights[path] = (owner, group, mode)
            case ("install", "-d", "-o", owner, "-g", group, "-m", mode, path):
                self.folders.add(path)
                self.rights[path] = (owner, group, mode)
            case ("remove", path):
                self._remove(path)
            case ("remove_if_empty", path):
                self._remove(*(() if any(self._below(path)) else (path,)))
            case ("remove_tree", path):
                self._remove(path, *self._below(path))
            case _:
                return None
        return DONE

    def _remove(self, *paths: str) -> None:
        for path in paths:
            self.files.pop(path, None)
            self.folders.discard(path)
            self.rights.pop(path, None)

    def _file(self, path: str, *, digest_only: bool) -> Finished:
        kind = self._kind(path)
        if not kind:
            return Finished(command="", exit_code=2)
        head = "|".join((kind, *self._rights(path), ""))
        if path not in self.files:
            return said(head, end="")
        text = "" if digest_only else self.text(path)
        return said(f"{head}{self.sha256(path)}\n{text}", end="")

    def _kind(self, path: str) -> str:
        if path in self.files:
            return "regular file" if self.files[path] else "regular empty file"
        return "directory" if path in self.folders or any(self._below(path)) else ""

    def _rights(self, path: str) -> Rights:
        return self.rights.get(path, ("root", "root", "644" if path in self.files else "755"))

    def _below(self, path: str) -> list[str]:
        return sorted(name for name in set(self._names()) if PurePosixPath(path) in _above(name))

    def _names(self) -> Iterator[str]:
        for name in (*self.files, *self.folders):
            yield name
            yield from map(str, _above(name))


def _probe() -> str:
    return remote("digest.sh", "probe-file.sh")


def _above(name: str) -> tuple[PurePosixPath, ...]:
    return tuple(PurePosixPath(name).parents)


def _is_in(folder: str, name: str) -> bool:
    return PurePosixPath(name).parent == PurePosixPath(folder)
