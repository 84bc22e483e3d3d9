"""Each form of output: on stdout, and nothing else there."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

NAMES = ["head", "gpu-01", "gpu-02", "gpu-03"]
DCOV = [sys.executable, "-c", "from dcov.cli import main; main()"]


@pytest.mark.usefixtures("site")
class TestServers:
    """The same list in each form."""

    def test_table(self, dcov) -> None:
        said = dcov("servers", "list")
        head, *rows = said.lines
        assert head.split() == ["NAME", "ROLE", "ADDRESS", "USER", "JUMP", "GPU", "LABELS"]
        assert [row.split()[:2] for row in rows][:2] == [["head", "master"], ["gpu-01", "worker"]]
        assert all(line == line.rstrip() for line in said.lines)

    def test_wide_has_more_columns(self, dcov) -> None:
        assert "SCRAPE ADDRESS" in dcov("servers", "list", "-o", "wide").lines[0]

    def test_name(self, dcov) -> None:
        assert dcov("servers", "list", "-o", "name").lines == NAMES

    def test_json_is_versioned(self, dcov) -> None:
        for words in (("-o", "json"), ("--json",)):
            data = dcov("servers", "list", *words).data
            assert data["version"] == 1
            assert [server["name"] for server in data["servers"]] == NAMES

    def test_jsonl(self, dcov) -> None:
        lines = dcov("servers", "list", "-o", "jsonl").lines
        assert [json.loads(line)["name"] for line in lines] == NAMES

    def test_yaml_is_the_same_as_json(self, dcov) -> None:
        data = yaml.safe_load(dcov("servers", "list", "-o", "yaml").out)
        assert data == dcov("servers", "list", "-o", "json").data

    def test_csv(self, dcov) -> None:
        rows = list(csv.DictReader(io.StringIO(dcov("servers", "list", "-o", "csv").out)))
        assert [row["name"] for row in rows] == NAMES
        assert rows[1]["scrape_address"] == "127.0.0.2"


@pytest.mark.usefixtures("site")
class TestReports:
    """A report in each form; progress and summary are on stderr."""

    def test_table_has_one_row_for_each_server(self, dcov) -> None:
        said = dcov("run", "say-hello")
        assert said.lines[0].split() == ["SERVER", "STATUS", "WHAT", "SECONDS"]
        assert [line.split()[:2] for line in said.lines[1:]] == [[n, "ok"] for n in NAMES[1:]]
        assert "say-hello on 3 servers" in said.err
        assert "gpu-02: ok (" in said.err
        assert "say-hello: 3 ok in " in said.err

    def test_verbose_shows_what_each_server_cost(self, dcov) -> None:
        head, row, *_ = dcov("run", "say-hello", "-v", "--limit", "gpu-01").lines
        costs = dict(zip(head.split()[4:], row.split()[-5:], strict=True))
        assert list(costs) == ["CONNECTIONS", "EXECS", "CHANNELS", "UPLOADED", "ATTEMPTS"]
        assert costs["CONNECTIONS"] == costs["EXECS"] == "1"

    def test_json_is_the_report(self, dcov) -> None:
        data = dcov("run", "say-hello", "-o", "json").data
        assert (data["version"], data["task"], data["summary"]) == (1, "say-hello", "3 ok")
        assert [server["server"] for server in data["servers"]] == NAMES[1:]

    def test_jsonl_has_one_outcome_a_line(self, dcov) -> None:
        lines = dcov("run", "say-hello", "-o", "jsonl").lines
        assert [json.loads(line)["value"]["said"] for line in lines] == ["hello"] * 3

    def test_name_and_csv(self, dcov) -> None:
        assert dcov("run", "say-hello", "-o", "name").lines == NAMES[1:]
        rows = list(csv.DictReader(io.StringIO(dcov("run", "say-hello", "-o", "csv").out)))
        assert [row["status"] for row in rows] == ["ok"] * 3

    def test_facts(self, dcov) -> None:
        said = dcov("facts", "-o", "csv", "--limit", "gpu-01")
        (row,) = csv.DictReader(io.StringIO(said.out))
        assert (row["server"], row["status"], row["kernel"]) == ("gpu-01", "ok", os.uname().release)

    def test_exec_names_the_server_of_each_line(self, dcov) -> None:
        said = dcov("exec", "--limit", "workers", "--", "echo one; echo two; echo three >&2")
        assert said.lines == [f"{name}: {word}" for name in NAMES[1:] for word in ("one", "two")]
        assert "gpu-02: three" in said.err

    def test_events_are_written_down(self, dcov, tmp_path: Path) -> None:
        file = tmp_path / "events.jsonl"
        dcov("exec", "--events", str(file), "--limit", "gpu-01", "--", "true")
        kinds = [json.loads(line)["kind"] for line in file.read_text().splitlines()]
        assert kinds == ["run_started", "server_started", "server_finished", "run_finished"]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colours_are_for_terminals_whose_reader_wants_them(no_color: str, *, coloured) -> None:
    master, slave = os.openpty()
    env = {**os.environ, "NO_COLOR": no_color, "TERM": "xterm"}
    with subprocess.Popen([*DCOV, "servers", "list"], env=env, stdout=slave) as process:
        os.close(slave)
        shown = b"".join(_until_closed(master))
    assert process.returncode == 0
    assert (b"\x1b[" in shown) is coloured
    assert b"gpu-01" in shown


def _until_closed(terminal: int) -> Iterator[bytes]:
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        try:
            while shown := screen.read(65536):
                yield shown
        except OSError:  # how Linux says that the other side has closed
            return


def test_what_could_steer_a_terminal_is_not_sent_to_one() -> None:
    from dcov.printable import printable

    assert printable("a\x1b]0;title\x07\tb\nc\x9b") == "a\\x1b]0;title\\x07\tb\nc\\x9b"
