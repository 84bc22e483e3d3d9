"""What type an option has for what a task's signature says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Optional

import pytest

from dcov.cli.task_options import described, option_type


class Colour(StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("annotation", "option"),
    [
        (str, str),
        (int | None, int),
        (Optional[float], float),  # noqa: UP045 - people write it
        (bool, bool),
        (Path, Path),
        (Colour | None, Colour),
        (list[str], list[str]),
        (tuple[int, ...], list[int]),
        (Sequence[Colour] | None, list[Colour]),
        (Literal["a", "b"], Literal["a", "b"]),
        (Annotated[int, "at least 1"], int),
        (int | str, str),  # the task's own validation tells them apart
        (Mapping[str, int], str),
        (PurePosixPath, str),
    ],
)
def test_the_nearest_type_that_an_option_can_have(annotation, option) -> None:
    assert option_type(annotation) == option


def test_a_docstring_is_split_into_text_and_parameters() -> None:
    text, helps = described(
        "Do it.\n\nMore.\n\nParameters:\n    one: First,\n        and on.\n    two: 2.\n"
    )
    assert text == "Do it.\n\nMore."
    assert helps == {"one": "First, and on.", "two": "2."}
