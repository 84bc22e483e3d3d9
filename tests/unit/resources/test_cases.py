"""Every resource on every kind of server that was recorded: see cases.py."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest
from unit.resources.cases import Case, cases, written

import dcov
from dcov.change import Action
from dcov.converge.group import Answers, Planned, Probed, Transaction, probe_script
from dcov.errors import PathTakenError, PortBusyError
from dcov.resources import AbsentFile, Binary, Directory, File, FreePort, KeptFile, Resource
from dcov.ssh.command import Finished


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.path.parent.name}-{case}")
def test_a_resource_converges_and_then_stays(case: Case) -> None:
    """From what was found come this change and these steps; what they left needs no second run."""
    wanted, data = case.resource, case.data
    change = wanted.plan(case.answer("found"))
    assert change.action.value == data["action"]
    assert list(change.diff) == data["diff"]
    if change.needed:
        assert [written(step) for step in wanted.apply(change)] == data["run"]
    assert wanted.plan(case.answer("after")).action is Action.NOOP


def ask(wanted: Resource) -> Finished:
    done = subprocess.run(wanted.probe(), capture_output=True, text=True, check=False)
    return Finished(command="probe", exit_code=done.returncode, stdout=done.stdout)


@pytest.mark.parametrize("kind", ["fifo", "symbolic link", "directory", "regular file"])
def test_something_else_at_the_path_is_refused(kind: str, tmp_path: Path) -> None:
    """What is of another kind is not overwritten, and is named."""
    path = tmp_path / "there"
    makers: dict[str, Callable[[], object]] = {
        "fifo": lambda: os.mkfifo(path),
        "symbolic link": lambda: path.symlink_to(tmp_path),
        "directory": path.mkdir,
        "regular file": lambda: path.write_text("x"),
    }
    makers[kind]()
    place = PurePosixPath(path)
    wanted: list[Resource] = []
    if kind != "regular file":
        wanted += [File(path=place, content=""), Binary(path=place, source=path, sha256="")]
    if kind != "directory":
        wanted.append(Directory(path=place))
    if kind == "directory":
        wanted.append(AbsentFile(path=place))
    for resource in wanted:
        with pytest.raises(PathTakenError, match=kind):
            resource.plan(ask(resource))


@pytest.mark.parametrize("differs", ["", "mode", "content", "kind", "target", "absent"])
def test_a_kept_file_is_compared_in_all_that_it_was(differs: str, tmp_path: Path) -> None:
    """By its kind, owner and mode, and by its content or where it leads."""
    path, kept = tmp_path / "path", tmp_path / "kept"
    one, two = tmp_path / "one", tmp_path / "two"
    for place in (path, kept, one, two):
        place.write_text("same\n")
        place.chmod(0o640)
    changes: dict[str, Callable[[], object]] = {
        "": lambda: None,
        "mode": lambda: path.chmod(0o644),
        "content": lambda: path.write_text("SAME\n"),
        "kind": lambda: _link(path, to=kept),
        "target": lambda: (_link(path, to=one), _link(kept, to=two)),
        "absent": path.unlink,
    }
    changes[differs]()
    wanted = KeptFile(path=PurePosixPath(path), kept=PurePosixPath(kept))
    assert wanted.plan(ask(wanted)).needed == bool(differs)


def _link(path: Path, *, to: Path) -> None:
    path.unlink()
    path.symlink_to(to)


def test_a_port_that_another_program_holds_is_refused() -> None:
    """By its name and its number, so that the operator knows whom to ask."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wanted = FreePort(port=taken.getsockname()[1], unit="dcov-test-no-such-unit")
        with pytest.raises(PortBusyError, match=rf"\(pid {os.getpid()}\)"):
            wanted.plan(ask(wanted))


def test_shellcheck_accepts_what_is_sent_to_servers(tmp_path: Path) -> None:
    """The library, and every script that is put together from it."""
    planned = [
        Planned(
            probed=Probed(resource=case.resource, change=change, fingerprint="0" * 64),
            steps=case.resource.apply(change),
        )
        for case in cases()
        if (change := case.resource.plan(case.answer("found"))).needed
    ]
    staged = {content: "/srv/.staged" for plan in planned for content in plan.uploads()}
    answers = Answers(probed=tuple(plan.probed for plan in planned))
    transaction = Transaction(key="run.tag.1", holder="it's me", mark="abc", limit=60)
    texts = {
        "apply": transaction.apply_script(answers, planned=planned, staged=staged),
        "commit": transaction.end_script("commit", "run.tag.1", "run.tag.2"),
        "probe": probe_script([plan.probed.resource for plan in planned], mark="abc"),
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.sh").write_text(text)
    library = Path(dcov.__file__).parent / "templates" / "remote"
    files = [*sorted(library.glob("*.sh")), *sorted(tmp_path.glob("*.sh"))]
    for file in files:
        done = subprocess.run(
            ("shellcheck", "-s", "dash", "-S", "warning", "-e", "SC2034,SC2154,SC2030,SC2031",
             file), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        subprocess.run(("dash", "-n", file), check=True)
