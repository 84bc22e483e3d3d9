"""`dcov run` and `dcov plan`: options from a task's signature, and a user's own tasks."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.usefixtures("site")
class TestOptions:
    """A task's parameters are options; its docstring is their help."""

    def test_values_have_the_types_of_the_signature(self, dcov, tmp_path: Path) -> None:
        words = ["--who", "ann", "--who", "bob", "--times", "3", "--share", "0.25", "--loud"]
        words += ["--mood", "sad", "--to", str(tmp_path), "--task-limit", "9"]
        said = dcov("run", "say-hello", *words, "--limit", "gpu-01", "-o", "json")
        (server,) = said.data["servers"]
        assert server["value"] == {
            "said": "hello ann bob",
            "times": 3,
            "share": 0.25,
            "loud": True,
            "mood": "sad",
            "to": str(tmp_path),
            "limit": "9",
        }

    def test_what_is_not_given_is_the_tasks_default(self, dcov) -> None:
        said = dcov("run", "say-hello", "--limit", "gpu-01", "-o", "json")
        value = said.data["servers"][0]["value"]
        assert (value["times"], value["mood"], value["limit"]) == (2, "glad", "none")

    def test_options_may_stand_before_the_task(self, dcov) -> None:
        words = ("run", "--limit", "gpu-02", "--times", "7", "say-hello", "-o", "json")
        (server,) = dcov(*words).data["servers"]
        assert (server["server"], server["value"]["times"]) == ("gpu-02", 7)

    def test_help_is_made_of_the_docstring(self, dcov) -> None:
        shown = " ".join(dcov("run", "say-hello", "--help").out.split())
        assert "Say hello to people. Nothing is changed. Options:" in shown
        assert "--who <list[str]> Whom to greet, one or more." in shown
        assert "--times <int> How often. [default: 2]" in shown
        assert "--mood <glad|sad> [default: glad]" in shown
        assert "Parameters:" not in shown

    @pytest.mark.parametrize(
        ("words", "complaint"),
        [
            (("run", "say-hello", "--times", "often"), "--times"),
            (("run", "say-hello", "--mood", "mad"), "'mad' is not one of"),
            (("run", "say-hello", "--when", "now"), "No such option: --when"),
            (("run", "fail"), "Missing option '--on'"),
        ],
    )
    def test_a_wrong_value_is_said_before_anything_runs(self, dcov, words, complaint) -> None:
        said = dcov(*words)
        assert said.code == 2
        assert complaint in said.err
        assert not said.out


@pytest.mark.usefixtures("site")
class TestOwnTasks:
    """Tasks in tasks/ beside the configuration."""

    def test_they_are_listed_with_those_that_dcov_ships(self, dcov) -> None:
        names = dcov("tasks", "-o", "name").lines
        assert {"say-hello", "make-note", "install-exporters"} <= set(names)
        assert "say-hello" not in dcov("tasks", "--shipped", "-o", "name").lines

    def test_help_lists_them_without_running_their_files(self, dcov, site: Path) -> None:
        (site / "tasks" / "later.py").write_text(
            "from dcov import task\nraise SystemExit\n@task\ndef later(ctx):\n    '''Later.'''\n"
        )
        shown = dcov("run", "--help").out
        assert "say-hello" in shown
        assert "later" in shown

    def test_a_shipped_name_is_refused(self, dcov, site: Path) -> None:
        text = "from dcov import task\n@task\ndef install_exporters(ctx):\n    '''Mine.'''\n"
        (site / "tasks" / "mine.py").write_text(text)
        said = dcov("run", "say-hello")
        assert said.code == 2
        assert "tasks/mine.py: install-exporters: a task of this name exists" in said.err

    def test_a_shipped_task_can_be_replaced(self, dcov, site: Path) -> None:
        text = (
            "from dcov import task\n@task(on='all', replaces='check-servers')\n"
            "def check_mine(ctx):\n    '''Mine.'''\n    return 'mine'\n"
        )
        (site / "tasks" / "mine.py").write_text(text)
        said = dcov("run", "check-servers", "--limit", "gpu-01", "-o", "json")
        assert said.data["servers"][0]["value"] == "mine"

    def test_a_broken_file_is_named_with_its_line(self, dcov, site: Path) -> None:
        (site / "tasks" / "broken.py").write_text("import nowhere_to_be_found\n")
        said = dcov("tasks")
        assert said.code == 2
        assert "tasks/broken.py:1:1: cannot be imported: ModuleNotFoundError" in said.err

    def test_an_editors_lock_is_no_task(self, dcov, site: Path) -> None:
        (site / "tasks" / ".#hello.py").symlink_to("somebody@somewhere.1234")
        assert dcov("run", "say-hello").code == 0

    def test_a_file_that_everybody_can_write_is_not_run(self, dcov, site: Path) -> None:
        (site / "tasks" / "hello.py").chmod(0o666)
        said = dcov("run", "say-hello")
        assert (said.code, "can be written by everybody" in said.err) == (2, True)

    def test_an_unknown_task_is_answered_with_the_nearest(self, dcov) -> None:
        said = dcov("run", "say-helo")
        assert said.code == 2
        assert said.err.splitlines() == [
            "unknown-name: no task matches 'say-helo'; did you mean say-hello?",
            "-> `dcov tasks` lists them",
        ]


@pytest.mark.usefixtures("site")
class TestPlans:
    """A plan says what would change, and changes nothing."""

    @pytest.mark.parametrize("words", [("plan",), ("run", "--dry-run"), ("run", "--check")])
    def test_each_way_to_plan(self, dcov, words, tmp_path: Path) -> None:
        verb, *options = words
        note = tmp_path / "note"
        options += ["--path", str(note), "--text", "plain words\n"]
        said = dcov(verb, "make-note", *options, "--limit", "gpu-01")
        assert said.code == 0
        assert "1 of 1 resources would change" in said.out
        assert "    +plain words" in said.lines
        assert not note.exists()

    def test_an_incomplete_one_says_after_which_step(self, dcov) -> None:
        said = dcov("plan", "fail", "--on", "gpu-01", "--limit", "gpu-01")
        assert said.code == 3
        assert "the plan is incomplete after `false`: it is not marked as reading only" in said.out

    def test_without_diff(self, dcov, tmp_path: Path) -> None:
        said = dcov("plan", "make-note", "--path", str(tmp_path / "note"), "--no-diff")
        assert "+a note" not in said.out

    def test_detailed_exit_codes(self, dcov, tmp_path: Path) -> None:
        note = tmp_path / "note"
        words = ("plan", "make-note", "--path", str(note), "--limit", "gpu-01")
        assert dcov(*words, "--detailed-exitcode").code == 5
        note.write_text("a note")
        note.chmod(0o644)
        assert dcov(*words, "--detailed-exitcode").code == 0
