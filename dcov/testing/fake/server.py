"""A double of a server that can be changed, all of it in memory."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import BinaryIO

from dcov.context import Context
from dcov.inventory.site import Site
from dcov.ssh.command import Finished, Shell, quote
from dcov.ssh.session import Staged, digest
from dcov.testing.fake.disk import Content, Disk
from dcov.testing.fake.part import DONE, Kept, Part
from dcov.testing.fake.units import Units
from dcov.testing.fake.users import Users
from dcov.testing.scripted import ScriptedSession, commands_in

RUN = re.compile(r"^\(?run=([^ ;]+)", re.MULTILINE)
MARK = re.compile(r"^mark=(\S+) ", re.MULTILINE)
STAGED = re.compile(
    r'(?<= )"(\$\(beside .* new\))"(?= )'
)  # quoted within, as only a shell reads it
# Notes of how a step is taken back: a fake server remembers its whole state instead.
NOTES = ("undo", "settle", "note", "keep", "preserve", "forgive")
SHORT = ("stage", "refuse_unless")  # of which converge.sh tells no more than the first words


@dataclass(kw_only=True)
class FakeServer(ScriptedSession):
    """A double: it plays a server with files and units, which a task can change and take back.

    `files` are contents by path, `units` states by name, as in `{"app": "active"}`; those that are
    there at the start are enabled. After a task they show what it made of them, with `folders`,
    `users` (and the groups of each), `enabled`, and how often each unit was started (`starts`).

    What `Directory`, `File`, `Binary`, `User`, `Unit` and their absent forms ask and do is played,
    with the digests that a real server would tell. `answers` come first: a command of a step that
    is to fail is written down there with its exit code, and so is a checker's refusal. Whatever
    else a task asks or does has to be written down, or ends the test with LookupError. No program
    runs, and nobody else is on this server.
    """

    files: dict[str, Content] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    units: dict[str, str] = field(default_factory=dict)
    users: dict[str, set[str]] = field(default_factory=dict)
    enabled: set[str] = field(default_factory=set)
    starts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._disk = Disk(files=self.files, folders=self.folders)
        units = Units(disk=self._disk, units=self.units, enabled=self.enabled, starts=self.starts)
        units.boot()
        self._parts: tuple[Part, ...] = (self._disk, Users(users=self.users), units)
        self._kept: dict[str, Kept] = {}

    def context(
        self, *, name: str = "gpu-01", planning: bool = False, site: Site | None = None
    ) -> Context:
        """Return a Context on this server, to call a task with; in a plan nothing is applied."""
        return super().context(name=name, planning=planning, site=site)

    def upload(
        self, content: BinaryIO, *, to: PurePosixPath, run: str, sha256: str, within: float
    ) -> Staged:
        """Keep the bytes until a step places them."""
        del sha256, within
        data, path = content.read(), f"{to.parent}/.dcov-{run}.{to.name}.new"
        self._disk.stage(path, data)
        self.costs.uploaded += len(data)
        return Staged(path=path, sha256=digest(data))

    def _answer(self, words: tuple[str, ...], *, text: str) -> Finished:
        written = self._written(words, text=text)
        told = (part.tell(words) for part in self._parts)
        played = written or next((answer for answer in told if answer is not None), None)
        return super()._answer(words, text=text) if played is None else played

    def _perform(self, script: Shell, *, shown: str) -> Finished:
        """Play the script that applies a transaction, or one that ends some."""
        mark = MARK.search(script)
        if mark is None:  # a task's own, under another name
            return super()._perform(script, shown=shown)
        if shown == "apply":
            said = self._apply(script)
        else:
            _, *keys = RUN.findall(script)  # the first is the script's own
            said = [self._end(key, verb=shown) for key in keys]
        text = "".join(f"{mark[1]} {line}\n" for line in (*said, "end"))
        return Finished(command=shown, exit_code=0, stdout=text)

    def _apply(self, script: Shell) -> list[str]:
        head, _, steps = script.partition("\nno_other_run\n")
        (key,) = RUN.findall(head)[:1]
        self._kept[key] = Kept(*self._parts)
        resource = ""
        for verb, *words in commands_in(STAGED.sub(_as_one_word, steps)):
            if verb == "resource":
                (resource,) = words
            elif verb == "step" and (failed := self._step(tuple(words))).exit_code:
                undone = self._end(key, verb="take back")
                shown = " ".join(words[: 2 if words[0] in SHORT else None]).replace("\n", " ")
                first = f"failed {resource} {failed.exit_code} {shown[:200]}"
                return [first, f"tail {failed.tail}", undone]
        return ["applied"]

    def _step(self, words: tuple[str, ...]) -> Finished:
        text = quote(words)
        match words:
            case ("eval", text):
                asked = tuple(shlex.split(text))
            case ("refuse_unless", _, *checker, _):
                asked = tuple(checker)
            case _:
                asked = words
        written = self._written(asked, text=text)
        if written is not None:
            return written
        if words[0] in {*NOTES, "refuse_unless"}:
            return DONE
        for part in self._parts:
            if (done := part.do(words)) is not None:
                return done
        raise LookupError(f"no answer is written down for the step `{text}`")

    def _end(self, key: str, *, verb: str) -> str:
        kept = self._kept.pop(key, None)
        if verb != "take back":
            return "committed"
        if kept is not None:
            kept.put_back()
        return "undone complete"


def _as_one_word(found: re.Match[str]) -> str:
    return quote((found[1],))
