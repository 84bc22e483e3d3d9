"""The exit codes of DESIGN.md, section 11, each from its cause; and how errors read."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import forget, make_site

DCOV = [sys.executable, "-c", "from dcov.cli import main; main()"]
UNPREPARED = """
from dcov import task


def divide(preparing, **params):
    return 1 // 0


@task(on="workers", prepare=divide)
def unprepared(ctx) -> None:
    pass
"""


@pytest.mark.usefixtures("site")
class TestEnds:
    """In this process."""

    def test_0_where_all_is_well(self, dcov) -> None:
        assert dcov("exec", "--", "true").code == 0

    def test_1_for_a_bug_without_its_traceback(self, dcov, site: Path) -> None:
        (site / "tasks" / "odd.py").write_text(UNPREPARED)
        said = dcov("run", "unprepared")
        assert said.code == 1
        assert "\nbug: ZeroDivisionError: " in said.err
        assert "Traceback" not in said.err
        loud = dcov("run", "unprepared", "-v").err
        assert "Traceback (most recent call last)" in loud

    @pytest.mark.parametrize(
        "words",
        [
            ("exec",),
            ("nothing",),
            ("exec", "--workers", "many", "--", "true"),
            ("runs", "show", "9"),
            ("facts", "--watch", "-1"),
            ("facts", "--watch", "nan"),
        ],
    )
    def test_2_for_wrong_words(self, dcov, words) -> None:
        assert dcov(*words).code == 2

    def test_2_for_a_wrong_configuration(self, dcov, site: Path) -> None:
        with (site / "fleet-config.yaml").open("a") as file:
            file.write("grafanna: {}\n")
        said = dcov("exec", "--", "true")
        assert said.code == 2
        assert "grafanna" in said.err
        assert said.err.startswith("config: ")

    def test_2_for_options_that_the_engine_refuses(self, dcov) -> None:
        assert dcov("exec", "--batch", "many", "--", "true").code == 2

    def test_2_for_what_the_system_refuses(self, dcov, site: Path) -> None:
        said = dcov("exec", "--events", str(site / "none" / "events"), "--", "true")
        assert said.code == 2
        assert said.err == f"system: {site}/none/events: No such file or directory\n"

    def test_3_where_a_server_failed(self, dcov) -> None:
        said = dcov("run", "fail", "--on", "gpu-02", "-o", "csv")
        assert said.code == 3
        rows = list(csv.DictReader(io.StringIO(said.out)))
        assert [row["status"] for row in rows] == ["ok", "failed", "ok"]
        assert "-> its own words say why" in rows[1]["what"]

    def test_3_for_a_tasks_own_bug_with_its_traceback_on_demand(self, dcov) -> None:
        said = dcov("run", "stumble", "--limit", "gpu-01")
        assert (said.code, "Traceback" in said.err) == (3, False)
        assert "ZeroDivisionError: a task's own bug" in said.out
        loud = dcov("run", "stumble", "--limit", "gpu-01", "-v").err
        assert "tasks/hello.py" in loud

    def test_4_where_servers_are_only_unreachable(self, dcov, site: Path) -> None:
        forget(site, "gpu-03")
        said = dcov("exec", "--", "true")
        assert said.code == 4
        assert "gpu-03: gpu-03:" not in said.err  # the name stands once
        assert "-> compare it on the server's console" in said.err
        assert dcov("run", "fail", "--on", "gpu-02").code == 3

    def test_3_or_4_where_a_command_about_one_server_ends_with_its_error(
        self, dcov, site: Path
    ) -> None:
        """The master itself is asked: for its copy of the site, and for its container engine."""
        forget(site, "head")
        said = dcov("config", "diff")
        assert said.code == 4
        assert "head: the ssh-ed25519 host key" in said.err
        assert "`dcov keys scan head`" in said.err
        assert dcov("status").code == 4

    def test_accept_new_host_keys(self, dcov, site: Path) -> None:
        (site / "known_hosts").unlink()
        assert dcov("exec", "--accept-new-host-keys", "--", "true").code == 0
        assert dcov("exec", "--", "true").code == 0


def test_130_within_seconds_of_ctrl_c(tmp_path: Path, sshd, monkeypatch) -> None:
    """Ten servers sleep; Ctrl-C ends the commands there, and the report is printed."""
    site = make_site(tmp_path / "site", sshd=sshd, monkeypatch=monkeypatch, workers=9)
    pids = tmp_path / "pids"
    pids.mkdir()
    line = f"touch {pids}/$$; exec sleep 60"
    with subprocess.Popen(
        [*DCOV, "exec", "-o", "csv", "--", line],
        cwd=site,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        until = time.monotonic() + 60
        while len(list(pids.iterdir())) < 10 and time.monotonic() < until:
            time.sleep(0.05)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        seconds = time.monotonic() - began
    assert process.returncode == 130
    assert seconds < 5
    assert [row.split(",")[1] for row in out.splitlines()[1:]] == ["cancelled"] * 10
    assert "interrupted: no new work is begun" in err
    assert "and 7 more: at most 30 s to a safe end; a second Ctrl-C leaves them" in err
    left = [int(pid.name) for pid in pids.iterdir()]
    until = time.monotonic() + 10
    while (left := [pid for pid in left if _runs(pid)]) and time.monotonic() < until:
        time.sleep(0.1)
    assert not left


def test_watching_ends_with_ctrl_c(site: Path) -> None:
    with subprocess.Popen(
        [*DCOV, "facts", "--watch", "0.2", "-o", "name", "--limit", "gpu-01"],
        cwd=site,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(3)] == ["gpu-01\n"] * 3
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 130


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.usefixtures("site")
def test_a_reader_that_had_enough_is_no_error() -> None:
    with subprocess.Popen(
        [*DCOV, "servers", "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == 141
    assert not err


def test_letters_that_the_terminal_lacks_are_written_as_numbers(site: Path) -> None:
    config = site / "fleet-config.yaml"
    config.write_text(config.read_text().replace("test site", "Zürich"), encoding="utf-8")
    done = subprocess.run(
        [*DCOV, "config", "show"],
        env={**os.environ, "PYTHONIOENCODING": "ascii:strict"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, r"site_name: Z\xfcrich")
