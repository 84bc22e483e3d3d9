from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from dcov.cli.app import app
from dcov.testing.sshd import LoopbackSshd

HELLO = '''
from __future__ import annotations

from enum import Enum
from pathlib import Path, PurePosixPath

from dcov import Context, task
from dcov.resources import File

from .words import GREETING


class Mood(Enum):
    GLAD = "glad"
    SAD = "sad"


@task(on="workers")
def say_hello(
    ctx: Context,
    *,
    who: list[str] | None = None,
    times: int = 2,
    share: float = 0.5,
    loud: bool = False,
    mood: Mood = Mood.GLAD,
    to: Path | None = None,
    limit: str = "none",
) -> dict[str, object]:
    """Say hello to people.

    Nothing is changed.

    Parameters:
        who: Whom to greet,
            one or more.
        times: How often.
    """
    return {
        "said": ctx.run(("echo", GREETING, *(who or [])), reads=True).stdout.strip(),
        "times": times,
        "share": share,
        "loud": loud,
        "mood": mood.value,
        "to": str(to),
        "limit": limit,
    }


@task(on="workers")
def make_note(ctx: Context, *, path: Path, text: str = "a note") -> None:
    """Write a note."""
    ctx.ensure(File(path=PurePosixPath(path), content=text))


@task(on="workers")
def fail(ctx: Context, *, on: list[str]) -> None:
    """Fail on these servers."""
    if ctx.name in on:
        ctx.run(("false",))


@task(on="workers")
def stumble(ctx: Context) -> None:
    """Raise what no task should raise."""
    raise ZeroDivisionError("a task's own bug")
'''


@dataclass(frozen=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Dcov = Callable[..., Said]


@pytest.fixture(scope="session")
def sshd() -> Iterator[LoopbackSshd]:
    with LoopbackSshd(host_key_types=("ed25519",)) as one:
        yield one


@pytest.fixture
def site(tmp_path: Path, sshd: LoopbackSshd, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site with a master and three workers that are there, its tasks beside it."""
    return make_site(tmp_path / "site", sshd=sshd, monkeypatch=monkeypatch, workers=3)


def make_site(
    folder: Path, *, sshd: LoopbackSshd, monkeypatch: pytest.MonkeyPatch, workers: int
) -> Path:
    names = ["head", *(f"gpu-{n:02}" for n in range(1, workers + 1))]
    servers = [
        {"name": name, "server_ip": sshd.address(n)} for n, name in enumerate(names, start=1)
    ]
    servers[0]["role"] = "master"
    config = {
        "site_name": "test site",
        "ssh": {"username": sshd.user, "key_path": str(sshd.key_path), "port": sshd.port},
        "servers": servers,
    }
    (folder / "tasks").mkdir(parents=True)
    (folder / "tasks" / "hello.py").write_text(HELLO)
    (folder / "tasks" / "words.py").write_text('GREETING = "hello"\n')
    (folder / "fleet-config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    (folder / "known_hosts").write_text(sshd.known_hosts(names).read_text())
    monkeypatch.chdir(folder)
    monkeypatch.delenv("DCOV_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(folder.parent))  # no ~/.ssh/config of whoever runs the tests
    return folder


def forget(site: Path, *names: str) -> None:
    """Take the host keys of these servers out of the site's known_hosts."""
    lines = (site / "known_hosts").read_text().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(names)]
    (site / "known_hosts").write_text("".join(kept))


@pytest.fixture
def dcov() -> Dcov:
    """Call dcov in this process."""

    def call(*words: str, stdin: str = "") -> Said:
        result = CliRunner().invoke(app, words, prog_name="dcov", input=stdin)
        return Said(code=result.exit_code, out=result.stdout, err=result.stderr)

    return call
