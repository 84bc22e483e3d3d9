"""Which servers are meant, and by which configuration."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

DCOV = [sys.executable, "-c", "from dcov.cli import main; main()"]


@pytest.mark.usefixtures("site")
class TestLimit:
    """`--limit`, and what it knows of earlier runs."""

    def test_patterns(self, dcov) -> None:
        words = ("run", "say-hello", "-o", "name", "--limit")
        assert dcov(*words, "gpu-*:!gpu-02").lines == ["gpu-01", "gpu-03"]
        assert dcov(*words, "all:&masters").lines == ["head"]

    def test_a_name_that_matches_nothing(self, dcov) -> None:
        said = dcov("exec", "--limit", "gpu-1", "--", "true")
        assert said.code == 2
        assert "did you mean gpu-01" in said.err

    def test_failed_are_those_of_the_last_run(self, dcov) -> None:
        dcov("run", "fail", "--on", "gpu-01", "--on", "gpu-03")
        dcov("facts")  # only looks
        dcov("plan", "say-hello")  # changes nothing
        again = ("run", "say-hello", "-o", "name", "--limit")
        assert dcov(*again, "@failed:!gpu-03").lines == ["gpu-01"]
        said = dcov(*again, "@failed")
        assert said.code == 2
        assert "every server of this site came out well" in said.err

    def test_a_run_by_its_id(self, dcov) -> None:
        run = dcov("run", "fail", "--on", "gpu-02", "-o", "json").data["run"]
        dcov("exec", "--", "true")
        words = ("run", "say-hello", "-o", "name", "--limit")
        assert dcov(*words, f"@{run}").lines == ["gpu-02"]
        assert dcov(*words, f"gpu-*:&@{run}").lines == ["gpu-02"]
        assert dcov(*words, f"gpu-*:!@{run}").lines == ["gpu-01", "gpu-03"]

    def test_what_a_killed_run_left_undone(self, dcov, site: Path) -> None:
        words = ["exec", "--limit", "workers", "--", "case $SSH_CONNECTION in *127.0.0.2*) ;;"]
        words[-1] += " *) sleep 30;; esac"
        with subprocess.Popen([*DCOV, *words], cwd=site, stderr=subprocess.PIPE) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if line.startswith(b"gpu-01: ok"):
                    break
            process.kill()
        assert dcov("run", "say-hello", "-o", "name", "--limit", "@failed").lines == [
            "gpu-02",
            "gpu-03",
        ]
        assert "not done: gpu-02, gpu-03" in dcov("runs", "list").out

    def test_nothing_has_run(self, dcov) -> None:
        said = dcov("exec", "--limit", "@failed", "--", "true")
        assert (said.code, "nothing has run yet" in said.err) == (2, True)


@pytest.mark.usefixtures("site")
class TestRuns:
    """Earlier runs."""

    def test_list_and_show(self, dcov) -> None:
        run = dcov("run", "fail", "--on", "gpu-02", "-o", "json").data["run"]
        (row,) = dcov("runs", "list", "--json").data["runs"]
        assert (row["run"], row["task"], row["servers"]) == (run, "fail", 3)
        shown = dcov("runs", "show", run[:15], "--json").data
        assert shown["run"] == run
        assert dcov("runs", "show").lines[2].split()[:2] == ["gpu-02", "failed"]


def test_the_site_is_named_before_or_after_the_command(dcov, site: Path, monkeypatch) -> None:
    monkeypatch.chdir("/")
    for words in (
        ("-c", str(site), "run", "say-hello"),
        ("run", "say-hello", "-c", str(site)),
        ("run", "say-hello", f"--config={site}/fleet-config.yaml"),
    ):
        assert dcov(*words, "-o", "name").lines == ["gpu-01", "gpu-02", "gpu-03"]
    said = dcov("run", "say-hello")
    assert (said.code, "there is no fleet-config.yaml" in said.err) == (2, True)


def test_a_nornir_inventory_is_a_site_too(dcov, tmp_path: Path, sshd) -> None:
    text = f"box-1: {{hostname: {sshd.address(1)}, port: {sshd.port}, data: {{key_path: KEY}}}}\n"
    (tmp_path / "hosts.yaml").write_text(text.replace("KEY", str(sshd.key_path)))
    said = dcov("exec", "-c", str(tmp_path), "--accept-new-host-keys", "--", "echo $((6 * 7))")
    assert (said.code, said.out) == (0, "box-1: 42\n")
