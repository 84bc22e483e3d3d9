"""Values that stand in no file of ours, checked by the models of those that do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from dcov.config.document import written
from dcov.config.fields import kind_of
from dcov.config.reading import wrong
from dcov.errors import Problem

M = TypeVar("M", bound=BaseModel)


def valid(
    values: Mapping[str, Any], *, model: type[M], at: str, folder: Path | None = None
) -> tuple[M | None, tuple[Problem, ...]]:
    """Return the values in the model, or everything that is wrong with them, `at` in front."""
    given = {name: value for name, value in values.items() if value is not None}
    try:
        return model.model_validate(given, context=folder), ()
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False)
        return None, tuple(_problem(error, at=at) for error in errors)


def _problem(error: ErrorDetails, *, at: str) -> Problem:
    key = f"{at}.{written(tuple(step for step in error['loc'] if step != '[key]'))}"
    message = wrong(error, found=kind_of(error["input"]))
    return Problem(message=message, key=key)
