"""The lines `dcov run TASK ...` of the pages, as the command line reads them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dcov.cli.options import Changing
from dcov.cli.task_group import task_command
from dcov.discovery import AnyTask, find_tasks

ROOT = Path(__file__).parents[3]
LINE = re.compile(r"^    dcov (?:run|plan) (.+)$", re.MULTILINE)
LINES = sorted(
    {
        found[1]
        for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
        for found in LINE.finditer(page.read_text())
    }
)
OF_SHIPPED = [line for line in LINES if line.split()[0] in find_tasks(None).by_name]


def given(line: str) -> tuple[Mapping[str, Any], Changing]:
    """Return what such a line gives to its task, and what to dcov."""
    seen: list[tuple[Mapping[str, Any], Changing]] = []

    def act(task: AnyTask, params: Mapping[str, Any], how: Changing) -> None:
        assert task.name == name
        seen.append((params, how))

    name, *words = shlex.split(line, comments=True)
    tasks = find_tasks(None)
    task_command(tasks[name], act).main(words, standalone_mode=False)
    (one,) = seen
    return one


@pytest.mark.parametrize("line", OF_SHIPPED)
def test_a_line_can_be_given(line: str) -> None:
    given(line)


def test_the_file_of_a_given_prometheus_reaches_the_task() -> None:
    """`--config` is the site's, whatever the task calls its own."""
    (line,) = (line for line in OF_SHIPPED if "/etc/prometheus/prometheus.yml" in line)
    params, how = given(line)
    assert params == {"file": "/etc/prometheus/prometheus.yml"}
    assert how.config is None
