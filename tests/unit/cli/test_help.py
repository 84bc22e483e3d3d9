"""Help and completion: right, current, and light."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dcov.cli.app import HELP
from dcov.cli.complete import outline_tasks
from dcov.cli.reference import reference
from dcov.discovery import find_tasks

DCOV = [sys.executable, "-c", "from dcov.cli import main; main()"]
HEAVY = ("dcov.fleet", "dcov.config.load", "nornir", "paramiko", "rich", "requests")
PAGE = Path(__file__).parents[3] / "docs" / "cli.md"


def complete(*words: str) -> list[str]:
    """Press Tab behind these words in bash."""
    env = {
        **os.environ,
        "_DCOV_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(("dcov", *words)),
        "COMP_CWORD": str(len(words)),
    }
    return subprocess.run(
        DCOV, env=env, check=True, capture_output=True, text=True
    ).stdout.splitlines()


def imported(*words: str, **env: str) -> set[str]:
    """Return the modules that such a call imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *DCOV[1:], *words],
        env={**os.environ, **env},
        check=True,
        capture_output=True,
        text=True,
    )
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "|" in line}


def test_the_page_is_current() -> None:
    """Else: python -m dcov.cli.reference > docs/cli.md."""
    assert PAGE.read_text() == reference()


@pytest.mark.parametrize("name", HELP)
def test_each_command_has_help(dcov, name: str) -> None:
    said = dcov(name, "--help")
    assert said.code == 0
    assert said.out.startswith(f"Usage: dcov {name} ")


def test_a_mistyped_command_is_answered_with_the_nearest(dcov) -> None:
    said = dcov("server")
    assert (said.code, "Did you mean 'servers'" in said.err) == (2, True)


def test_help_imports_nothing_heavy() -> None:
    assert not imported("--help") & {*HEAVY, "pydantic", "yaml"}


@pytest.mark.usefixtures("site")
class TestCompletion:
    """What Tab offers."""

    @pytest.mark.parametrize(
        ("words", "offered"),
        [
            (("ser",), ["servers"]),
            (("ssh", "gpu-0"), ["gpu-01", "gpu-02", "gpu-03"]),
            (("servers", "remove", "h"), ["head"]),
            (("exec", "--limit", "gpu-01:!gpu-03"), ["gpu-01:!gpu-03"]),
            (("run", "say"), ["say-hello"]),
            (("run", "say-hello", "--wh"), ["--who"]),
            (("run", "say-hello", "--mood", ""), ["glad", "sad"]),
        ],
    )
    def test_words(self, words, offered) -> None:
        assert complete(*words) == offered

    def test_of_another_site(self, site: Path, monkeypatch) -> None:
        monkeypatch.chdir("/")
        assert complete("-c", str(site), "ssh", "he") == ["head"]
        assert complete("ssh", "he") == [""]

    def test_a_servers_name_imports_nothing_heavy(self) -> None:
        for words in ("ssh g", "servers remove g", "keys approve g", "exec --limit g"):
            found = imported(
                _DCOV_COMPLETE="complete_bash",
                COMP_WORDS=f"dcov {words}",
                COMP_CWORD=str(len(words.split())),
            )
            assert not found & {*HEAVY}


def test_what_is_offered_are_the_tasks_that_there_are(site: Path) -> None:
    found = find_tasks(site).by_name
    assert outline_tasks(site) == {name: task.summary for name, task in found.items()}


@pytest.mark.usefixtures("site")
def test_a_terminal_sees_a_bar(tmp_path: Path) -> None:
    master, slave = os.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    out = tmp_path / "out"
    words = ["exec", "--limit", "workers", "--", "sleep 1; test $0 = none"]
    with (
        out.open("w") as file,
        subprocess.Popen([*DCOV, *words], env=env, stdout=file, stderr=slave) as process,
    ):
        os.close(slave)
        shown = b""
        try:
            while piece := os.read(master, 65536):
                shown += piece
        except OSError:
            os.close(master)
    assert process.returncode == 3
    assert b"0/3" in shown
    assert b"gpu-01, gpu-02, gpu-03" in shown
    assert b"gpu-01: failed command-failed" in shown
    assert not out.read_text()
