"""The record of what was on a master before the stack came."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath

from dcov.change import Action
from dcov.resources import AbsentDirectory, AbsentPath, Directory, File, KeptFile, SecretFile
from dcov.secret import Secret
from dcov.ssh.command import Finished
from dcov.ssh.scripts import remote
from dcov.stack import recorded
from dcov.stack.ledger import FOLDER, Former, Ledger


def record(folder: Path, *paths: str) -> str:
    """Run the script that writes it, on this machine; returns the manifest."""
    argv = ["sh", "-c", remote("ledger.sh"), "sh", str(folder), *paths]
    subprocess.run(argv, check=True)
    return (folder / "manifest").read_text()


def test_each_path_is_written_down_before_it_is_touched(tmp_path: Path) -> None:
    """What was there is kept; what was not is made; folders keep owner and mode."""
    here, folder = tmp_path / "etc", tmp_path / "record"
    here.mkdir(mode=0o750)
    (here / "a.conf").write_text("theirs")
    record(folder, f"{here}/", f"{here}/a.conf", f"{here}/new/", f"{here}/new/b.conf")
    (here / "a.conf").write_text("ours")
    text = record(folder, f"{here}/c.conf")

    former = Former.read(text)
    assert former.files == (PurePosixPath(here / "new/b.conf"), PurePosixPath(here / "c.conf"))
    assert former.folders == (PurePosixPath(here / "new"),)
    assert former.kept == ((PurePosixPath(here / "a.conf"), FOLDER / "before" / "2"),)
    assert (folder / "before" / "2").read_text() == "theirs"
    (there,) = former.others
    assert (there.path, there.mode) == (PurePosixPath(here), 0o750)


def test_a_path_is_recorded_once(tmp_path: Path) -> None:
    """What dcov wrote itself is never taken for somebody else's."""
    path = PurePosixPath("/etc/x/a")
    first, *rest = recorded(
        Directory(path=path.parent), File(path=path, content=""),
        SecretFile(path=path.with_name("b"), content=Secret("s" * 12)),
    )  # fmt: skip
    assert len(rest) == 3
    assert isinstance(first, Ledger)
    assert first.paths == ("/etc/x/", "/etc/x/a", "/etc/x/b")
    nothing = first.plan(Finished(command="", exit_code=1, stdout=""))
    assert (nothing.action, len(nothing.diff)) == (Action.CREATE, 3)
    text = "made /etc/x/\nmade /etc/x/a\n"
    more = first.plan(Finished(command="", exit_code=0, stdout=text))
    assert (more.action, more.diff) == (Action.UPDATE, ("+path /etc/x/b",))
    all_of_it = first.plan(Finished(command="", exit_code=0, stdout=text + "3 /etc/x/b\n"))
    assert all_of_it.action is Action.NOOP
    del tmp_path


def test_folders_go_last_and_the_deepest_first() -> None:
    """A folder can only be empty when what it held is gone."""
    former = Former.read("made /a/\nmade /a/b/\nmade /a/b/c\n4 /a/d\nroot:root:755 /e/\n")
    kinds = [type(item) for item in former.resources()[:-1]]
    assert kinds == [AbsentPath, KeptFile, AbsentDirectory, AbsentDirectory, Directory]
    folders = [item.path for item in former.resources() if isinstance(item, AbsentDirectory)]
    assert [str(path) for path in folders] == ["/a/b", "/a"]
