"""The examples run: against servers on loopback, and one that is down."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

import pytest
from loopback_site import loopback_site
from pages import ROOT

from dcov import Context, Fleet, task
from dcov.change import Action
from dcov.errors import PathTakenError
from dcov.resources import Command, File
from dcov.testing import ScriptedSession

EXAMPLES = ROOT / "examples"
NOTEBOOKS = sorted((EXAMPLES / "notebooks").glob("*.ipynb"))
SERVERS = ("gpu-01", "gpu-02")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "tasks").mkdir()
    shutil.copy(EXAMPLES / "own_task.py", folder / "tasks")
    with loopback_site(folder) as config:
        yield config


@pytest.fixture(autouse=True)
def at_the_site(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DCOV_CONFIG", str(site))


def ran(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, argv)], check=False, capture_output=True, text=True, timeout=120
    )


def dcov(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return ran("-c", "import dcov.cli; dcov.cli.main()", *words)


def module(name: str) -> ModuleType:
    spec = spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = module_from_spec(spec)
    sys.modules[spec.name] = made  # dataclasses look their own module up
    spec.loader.exec_module(made)
    return made


def test_facts_and_a_command_of_all_servers() -> None:
    """One that is down has a reason and a hint, and the script ends with 1."""
    done = ran(EXAMPLES / "fleet_facts.py")
    assert done.returncode == 1, done.stderr
    assert "gpu-01: Debian" in done.stdout or "CPUs" in done.stdout
    assert "spare-01: unreachable\n-> start sshd there" in done.stdout


def test_the_site_and_the_command_can_be_named(site: Path) -> None:
    done = ran(EXAMPLES / "fleet_facts.py", site, "echo it is $((6 * 7))")
    assert done.stdout.count("it is 42") >= len(SERVERS)


def test_a_task_of_ones_own_is_a_command(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)  # as it is wanted: both servers are this one machine
    done = dcov("run", "publish-labels", "--folder", tmp_path, "--limit", "gpu-*")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "gpu-01.prom").read_text() == 'server_info{rack="a1"} 1\n'
    again = dcov("run", "publish-labels", "--folder", tmp_path, "-o", "json")
    statuses = [item["status"] for item in json.loads(again.stdout)["servers"]]
    assert statuses == ["ok", "ok", "skipped"]
    assert "publish-labels" in dcov("tasks").stdout


def test_its_help_is_its_docstring() -> None:
    said = dcov("run", "publish-labels", "--help").stdout
    assert "Write the server's labels to a file" in said
    assert "What --collector.textfile.directory says" in said


def test_it_is_taken_back_where_its_check_fails(tmp_path: Path) -> None:
    """A file that only root may read is no good, so there is none afterwards."""
    own = module("own_task")

    @task
    def publish_secretly(ctx: Context) -> None:
        """Write a file that others may not read."""
        file = PurePosixPath(tmp_path / ctx.name)
        ctx.ensure(File(path=file, content="1\n", mode=0o600))
        ctx.verify(own.Published(file), within=1)

    outcome = Fleet.load().where("gpu-01").run(publish_secretly)["gpu-01"]
    assert (outcome.code, outcome.rollback) == ("verify-failed", "complete")
    assert "its mode is 600" in outcome.why
    assert list(tmp_path.iterdir()) == []


def test_a_plan_is_looked_at_before_anything_is_changed() -> None:
    """Where nobody can be reached nothing is installed, and it is said why."""
    done = ran(EXAMPLES / "install_and_verify.py")
    assert done.returncode == 1, done.stderr
    assert "spare-01: connection-refused" in done.stdout


class TestSymlink:
    """The resource of docs/write-a-resource.md, by way of ctx.ensure on a real server."""

    @pytest.fixture
    def link(self, tmp_path: Path) -> Any:
        kind = module("symlink").Symlink
        return kind(path=PurePosixPath(tmp_path / "link"), target="/run/one")

    @staticmethod
    def ensure(*resources: Any) -> Any:
        @task
        def converge(ctx: Context) -> None:
            """Ensure them."""
            ctx.ensure(*resources)

        return Fleet.load().where("gpu-01").run(converge)["gpu-01"]

    def test_it_is_made_and_then_stays(self, link: Any, tmp_path: Path) -> None:
        assert self.ensure(link).status == "changed"
        assert (tmp_path / "link").readlink() == Path("/run/one")
        assert self.ensure(link).status == "ok"

    def test_another_link_is_replaced(self, link: Any, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to("/run/old")
        outcome = self.ensure(link)
        assert outcome.changes[0].diff == ("-target /run/old", "+target /run/one")
        assert (tmp_path / "link").readlink() == Path("/run/one")

    @pytest.mark.parametrize("old", [None, "/run/old"])
    def test_all_is_as_it_was_after_a_later_step_failed(
        self, link: Any, tmp_path: Path, old: str | None
    ) -> None:
        if old:
            (tmp_path / "link").symlink_to(old)
        fails = Command(name="fails", argv=("false",), unless=("false",))
        outcome = self.ensure(link, fails)
        assert (outcome.code, outcome.rollback) == ("apply-failed", "complete")
        left = [str(path.readlink()) for path in tmp_path.iterdir()]
        assert left == ([old] if old else [])

    def test_what_is_no_link_is_refused(self, link: Any, tmp_path: Path) -> None:
        (tmp_path / "link").mkdir()
        outcome = self.ensure(link)
        assert isinstance(outcome.error, PathTakenError)
        assert "is a directory" in outcome.why

    def test_it_plans_without_a_server(self, link: Any) -> None:
        session = ScriptedSession(answers={link.probe(): "l|/run/one"})
        assert session.context().ensure(link)[0].action is Action.NOOP


def test_the_notebook_runs_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its failure shows the hint, and what failed is run again."""
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("DCOV_EXAMPLE_FOLDER", str(tmp_path))
    notebook = nbformat.read(EXAMPLES / "notebooks" / "fleet.ipynb", as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown = json.dumps([cell.get("outputs", []) for cell in notebook.cells])
    assert "spare-01: connection-refused" in shown
    assert "start sshd there" in shown
    assert "<table>" in shown
    assert (tmp_path / "dcov-gpu-01").read_text() == "gpu-01 of Loopback\n"


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.name)
def test_a_notebook_is_kept_without_outputs(file: Path) -> None:
    cells = json.loads(file.read_text())["cells"]
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in cells)


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.py")), ids=lambda file: file.name)
def test_every_example_says_what_it_does(file: Path) -> None:
    """And compiles, those that need a lab included: tests/lab runs them."""
    assert file.read_text().startswith('"""')
    compile(file.read_text(), str(file), "exec")
