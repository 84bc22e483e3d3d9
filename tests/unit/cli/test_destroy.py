"""`dcov destroy` asks for the site's name, and does nothing without it."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest
from terminal import DCOV, on_a_terminal

# In place of the real removal, which would take a site of this machine's down.
TASKS = """
from pathlib import Path, PurePosixPath

from dcov import Context, task
from dcov.resources import File

HERE = Path(__file__).parents[1]


@task(replaces="remove-exporters", on="all")
def remove(ctx: Context) -> None:
    if (HERE / "broken").exists():
        ctx.run(("false",), reads=True)


@task(replaces="destroy-stack", on="master")
def take_down(ctx: Context, *, volumes: bool = False) -> None:
    ctx.ensure(File(path=PurePosixPath(HERE / "removed"), content=f"{volumes}"))
"""
QUESTION = "Type the site's name to do it"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in the folder of a site of this machine alone."""
    folder = tmp_path / "site"
    (folder / "tasks").mkdir(parents=True)
    (folder / "tasks" / "own.py").write_text(TASKS)
    (folder / "fleet-config.yaml").write_text("site_name: Test\nservers: []\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DCOV_CONFIG", raising=False)
    return folder


@pytest.mark.parametrize(("answer", "exit_code"), [("Test\n", 0), ("test\n", 1), ("\x04", 1)])
def test_it_is_done_when_the_name_is_typed(answer: str, exit_code: int, site: Path) -> None:
    """As it is written; the plan was shown, and that the master is this machine."""
    name = socket.gethostname().partition(".")[0]
    code, shown = on_a_terminal("destroy", "--volumes", answer=answer)
    assert code == exit_code, shown
    assert "+True" in shown
    assert f"the monitoring of Test on {name}, which is this machine" in shown
    assert QUESTION in shown
    assert (site / "removed").exists() is (exit_code == 0)


def test_what_cannot_be_planned_is_not_asked_about(site: Path) -> None:
    """Applying the rest of the plan would end well, with something left."""
    (site / "broken").touch()
    code, shown = on_a_terminal("destroy", answer="Test\n")
    assert code == 3, shown
    assert QUESTION not in shown
    assert "command-failed" in shown
    assert not (site / "removed").exists()


def test_a_plan_for_this_machine_says_so(site: Path) -> None:
    """Without a `master:` it is this one, and its host name alone need not tell."""
    name = socket.gethostname().partition(".")[0]
    done = subprocess.run(
        [*DCOV, "destroy", "--dry-run"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"{name} is this machine" in done.stderr.splitlines()
    assert not (site / "removed").exists()


def test_without_a_terminal_nothing_is_done(site: Path) -> None:
    """-y must have said it; the exit code is that of a wrong call, and no server is asked."""
    done = subprocess.run(
        [*DCOV, "destroy"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "there is no terminal to ask on" in done.stderr
    assert "destroy-stack" not in done.stderr
    assert not (site / "removed").exists()
