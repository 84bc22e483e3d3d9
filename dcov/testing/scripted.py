"""A double of a connected server, for tests that need no server at all."""

from __future__ import annotations

import shlex
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NoReturn

from dcov.cancel import Cancel
from dcov.context import Context, Preparing, Work
from dcov.engine.preparations import Preparations
from dcov.inventory.entry import Entry, Login
from dcov.inventory.site import Site
from dcov.secret import Masker
from dcov.ssh.command import Argv, Finished, Shell, Sink, as_shell
from dcov.ssh.exchange import Tie
from dcov.ssh.session import Costs, Staged

Answer = str | int | Finished
FACTS = "facts"  # what a run calls its script that asks for them
PROBE = "probe of "


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One command that the task under test has sent."""

    command: str
    reads: bool
    as_root: bool


@dataclass(kw_only=True)
class ScriptedSession:
    """A double: it plays a connected server by answers written down beforehand.

    `answers` says for each command, written as in a shell or as a tuple of words, what it prints
    (a text), with which code it ends (a number), or both (`Finished`). What a resource asks is
    its `probe()`, and answered like a command. `facts` are the answer to the question for facts,
    by the keys that its script prints (`os_ID`, `arch`, `systemd`, `gpu_device`). What has no
    answer ends the test with LookupError, which names it.

    `asked` lists what was sent. Nothing is ever applied: `ctx.ensure` works in a plan, and for
    what is to be changed there are `FakeServer`, and `LoopbackSshd`, a real server.
    """

    answers: Mapping[str | tuple[str, ...], Answer] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    login: Login = field(default_factory=lambda: Login(address="scripted.invalid"))
    asked: list[Asked] = field(default_factory=list)
    costs: Costs = field(default_factory=Costs)
    attempts: int = 0

    def context(
        self, *, name: str = "gpu-01", planning: bool = True, site: Site | None = None
    ) -> Context:
        """Return a Context on this server, to call a task with: `my_task(session.context())`.

        `site` is the declared fleet, in which `name` stands; without it there is only this server.
        """
        declared = site or Site.of(Entry(name=name, login=self.login))
        masker = Masker.of(declared.secrets)
        preparing = Preparing(
            fleet=declared,
            servers=tuple(declared.entries.values()),
            planning=planning,
            note=lambda _text: None,
            hide=masker.learn,
        )
        work = Work(
            run="scripted",
            holder="a test",
            fleet=declared,
            cancel=Cancel(),
            masker=masker,
            emit=lambda _event: None,
            prepare=Preparations(preparing),
            planning=planning,
        )
        return Context(work, entry=declared[name], session=self, deadline=60.0)  # type: ignore[arg-type]

    def run(
        self,
        command: Argv | Shell,
        *,
        within: float,
        reads: bool = False,
        as_root: bool = True,
        tie: Tie | None = None,
        sink: Sink | None = None,
        shown: str = "",
    ) -> Finished:
        """Answer a command."""
        del within, tie
        text = as_shell(command)
        self.costs.execs += 1
        if shown.startswith(PROBE):
            finished = Finished(command=shown, exit_code=0, stdout=self._probed(text))
        elif shown == FACTS:
            lines = "".join(f"{key}={value}\n" for key, value in self.facts.items())
            finished = Finished(command=shown, exit_code=0, stdout=lines)
        elif shown:
            finished = self._perform(text, shown=shown)
        else:
            self.asked.append(Asked(command=text, reads=reads, as_root=as_root))
            finished = self._answer(tuple(shlex.split(text)), text=text)
        if sink is not None:
            sink(finished.stdout.encode())
        return finished

    def upload(
        self, content: BinaryIO, *, to: PurePosixPath, run: str, sha256: str, within: float
    ) -> Staged:
        """Refuse: a double has no disk."""
        del content, run, sha256, within
        self._refuse(f"upload {to}")

    def open_port(self, port: int, *, host: str = "127.0.0.1", within: float) -> socket.socket:
        """Connect to what `ports` has for this port: a server of the test's own."""
        if port not in self.ports:
            raise ConnectionRefusedError(f"the scripted server has no port {port} on {host}")
        self.costs.channels += 1
        return socket.create_connection(self.ports[port], timeout=within)

    def try_key(self, key_path: Path) -> None:
        """Refuse: nobody can log in to a double."""
        self._refuse(f"login with {key_path}")

    def drop(self) -> None:
        """Do nothing: there is no link."""

    def close(self) -> None:
        """Do nothing: nothing is open."""

    def _answer(self, words: tuple[str, ...], *, text: str) -> Finished:
        written = self._written(words, text=text)
        if written is None:
            raise LookupError(f"no answer is written down for `{text}`")
        return written

    def _written(self, words: tuple[str, ...], *, text: str) -> Finished | None:
        """Return the answer that was written down for these words."""
        for command, answer in self.answers.items():
            own = tuple(shlex.split(command)) if isinstance(command, str) else tuple(command)
            if words != own:
                continue
            if isinstance(answer, int):
                return Finished(command=text, exit_code=answer)
            if isinstance(answer, str):
                return Finished(command=text, exit_code=0, stdout=answer)
            return replace(answer, command=text)
        return None

    def _perform(self, script: Shell, *, shown: str) -> Finished:
        """Refuse a script of dcov's own that changes something."""
        del script
        self._refuse(shown)

    def _probed(self, script: str) -> str:
        """Play probe.sh: print the answer to each `ask` line, each ended by the script's mark."""
        mark = script.partition("\n")[0].removeprefix("mark=")
        said = [f"\n{mark} 0\n"]  # nothing of other runs is pending
        _, _, questions = script.partition("\nask pending\n")
        for _, *words in commands_in(questions):
            answer = self._answer(tuple(words), text=shlex.join(words))
            said.append(f"{answer.stdout}\n{mark} {answer.exit_code}\n")
        return "".join(said)

    def _refuse(self, what: str) -> NoReturn:
        raise LookupError(f"{what}: a ScriptedSession changes nothing; plan, or use FakeServer")


def commands_in(script: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of each command of a script; one may go over several lines."""
    command = ""
    for line in script.splitlines(keepends=True):
        command += line
        try:
            words = shlex.split(command)
        except ValueError:  # a quotation goes on in the next line
            continue
        yield tuple(words)
        command = ""
