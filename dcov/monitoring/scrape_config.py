"""dcov's jobs within a prometheus.yml that is somebody else's."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import yaml

from dcov.errors import ConfigError

BEGIN = "# dcov: begin (what stands between these two lines is written by dcov)"
END = "# dcov: end"


def splice(config: str, *, jobs: str, file: str) -> str:
    """Return the configuration with our jobs between two marker lines below `scrape_configs`.

    Everything outside the markers is kept as it is, to the byte. Raises ConfigError where the
    text is no configuration, or its `scrape_configs` is written in one line.
    """
    lines = _without(config.splitlines(keepends=True), file=file)
    text = "".join(lines)
    place = _place(text, file=file)
    if place is None:
        block = _block(jobs, by="  ")
        return (
            text + ("" if text.endswith("\n") or not text else "\n") + "scrape_configs:\n" + block
        )
    line, column = place
    return "".join([*lines[:line], _block(jobs, by=" " * column), *lines[line:]])


def _block(jobs: str, *, by: str) -> str:
    return indent(f"{BEGIN}\n{jobs.rstrip()}\n{END}\n", by)


def _without(lines: list[str], *, file: str) -> list[str]:
    begins = [number for number, line in enumerate(lines) if line.strip() == BEGIN]
    ends = [number for number, line in enumerate(lines) if line.strip() == END]
    if not begins and not ends:
        return lines
    if len(begins) != 1 or len(ends) != 1 or ends[0] < begins[0]:
        line = (begins or ends)[0] + 1
        raise _refused(file, line=line, message="dcov's marker lines are not one pair; repair them")
    return lines[: begins[0]] + lines[ends[0] + 1 :]


def _place(text: str, *, file: str) -> tuple[int, int] | None:
    """Return the line and the indentation at which an item of `scrape_configs` may stand."""
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise _refused(file, line=line, message=str(error.problem)) from None
    if root is None:
        return None
    if not isinstance(root, yaml.MappingNode):
        raise _refused(file, line=1, message="not a mapping")
    for key, value in root.value:
        if key.value != "scrape_configs":
            continue
        after = key.start_mark.line + 1
        if isinstance(value, yaml.SequenceNode) and value.value and not value.flow_style:
            return value.start_mark.line, value.start_mark.column
        if isinstance(value, yaml.ScalarNode) and value.value == "":
            return after, 2
        message = "scrape_configs is written in one line; write its items below it"
        raise _refused(file, line=after, message=message)
    return None


def _refused(file: str, *, line: int, message: str) -> ConfigError:
    return ConfigError.about(message, file=Path(file), line=line, column=1, key="scrape_configs")
