"""What a run leaves behind where that is not easy: full disks, odd names, files not in UTF-8."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dcov import Fleet, Server
from dcov.engine.put import put_file
from dcov.engine.record import past_run, runs_folder
from dcov.errors import ConfigError
from dcov.inventory.entry import Entry, Login
from dcov.inventory.site import Site

FULL = """
import os
from pathlib import Path

from dcov import Context, Fleet, Server, task
from dcov.engine.record import past_run
from dcov.selection import unfinished


@task(on="all")
def fill(ctx: Context) -> str:
    with Path(os.environ["XDG_STATE_HOME"], "fill").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    ctx.note("x" * 8192)  # what is left of the last page is soon used up
    return "done"


servers = (Server(name=name, local=True) for name in ("s0", "s1"))
report = Fleet.of(*servers).using(workers=1).run(fill)
past = past_run(report.run)
print(report["s1"].value, past.report, *unfinished(past))
"""
SMALL = 'mount -t tmpfs -o size=64k tmpfs "$XDG_STATE_HOME" && exec "$@"'


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
def test_a_full_disk_takes_nobodys_outcome_away(state_home: Path) -> None:
    """The run goes on, it is said once, and what was written before can be read."""
    done = subprocess.run(
        ("unshare", "--mount", "sh", "-c", SMALL, "sh", sys.executable, "-c", FULL),
        env={**os.environ, "XDG_STATE_HOME": str(state_home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "done None s0 s1\n"
    assert done.stderr.count("is not whole: No space left on device") == 1
    assert "Traceback" not in done.stderr


def test_no_server_is_touched_without_a_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its lock nobody could tell later whether the run lives."""
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null")
    with pytest.raises(
        ConfigError, match=r"/dev/null/dcov/.*: Not a directory; set XDG_STATE_HOME"
    ):
        Fleet.of(Server(name="s0", local=True)).sh(f"touch {tmp_path}/touched")
    assert not (tmp_path / "touched").exists()


AS_NOBODY = """
import os
from dcov import Fleet, Server
from dcov.errors import ConfigError

fleet = Fleet.of(Server(name="s0", local=True))
fleet.sh("true")  # so that all is imported
os.setgroups([])
os.setgid(64999)
os.setuid(64999)  # a number without a name, and so without a home
del os.environ["HOME"], os.environ["XDG_STATE_HOME"]
try:
    fleet.sh("true")
except ConfigError as error:
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_without_a_home_it_is_said_what_to_set(state_home: Path) -> None:
    done = subprocess.run(
        (sys.executable, "-c", AS_NOBODY),
        env={**os.environ, "HOME": "/root", "XDG_STATE_HOME": str(state_home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "/nonexistent/dcov/runs/" in done.stdout
    assert done.stdout.endswith(": Permission denied; set XDG_STATE_HOME\n")


def test_a_name_with_a_slash_has_its_diff(tmp_path: Path) -> None:
    """No source of servers lets one in today; a record is no place to depend on it."""
    here = Entry(name="row 1/gpu-01", login=Login(address="localhost", local=True))
    fleet = Fleet(site=Site.of(here))
    plan = fleet.plan(put_file, path=str(tmp_path / "new"), content="text\n")
    ((server, lines),) = past_run(plan.report.run).diffs()
    assert (server, lines.splitlines()[1]) == ("row 1/gpu-01", "+text")


def test_a_file_that_is_no_utf_8_can_be_replaced_and_written_about(tmp_path: Path) -> None:
    """Its bytes are shown as well as they can be, and the run has its record."""
    old = tmp_path / "old"
    old.write_bytes("# für alle\n".encode("latin-1"))
    plan = Fleet.of(Server(name="s0", local=True)).plan(put_file, path=str(old), content="text\n")
    assert "-# f\ufffdr alle" in plan.report["s0"].changes[0].diff
    folder = runs_folder() / plan.report.run
    assert json.loads((folder / "report.json").read_text()) == plan.report.to_dict()
    assert "für".replace("ü", "\ufffd") in (folder / "events.jsonl").read_text()
