from __future__ import annotations

import copy
import pickle
import re
from dataclasses import MISSING, fields
from typing import Any

import pytest

import dcov.errors
from dcov.errors import (
    CertificateError,
    CommandError,
    ConnectError,
    ConvergeError,
    DcovError,
    FleetError,
    tree,
)

CLASSES = [error for error in tree() if error.__module__ == "dcov.errors"]
BRANCHES = (DcovError, ConnectError, CommandError, ConvergeError, CertificateError)  # never raised


def example(error: type[DcovError]) -> DcovError:
    """Make one with something in every field that must be given."""
    given: dict[str, Any] = {}
    for item in fields(error):
        if item.default is MISSING and item.default_factory is MISSING:
            kind = str(item.type)
            given[item.name] = 3 if kind in ("int", "float") else f"the-{item.name}"
    return error(**given)


@pytest.mark.parametrize("error", CLASSES, ids=lambda error: error.code)
def test_every_error_says_code_cause_and_hint(error: type[DcovError]) -> None:
    """Cause and hint use only fields that are there, and the text begins with the code."""
    made = example(error)
    assert str(made).startswith(f"{error.code}: ")
    assert "{" not in made.why + made.remedy
    assert made.remedy or error in BRANCHES
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error.code)
    assert error.__doc__


def test_all_names_the_errors_and_what_they_carry() -> None:
    """It is what a task may import."""
    assert sorted(dcov.errors.__all__) == sorted([*(e.__name__ for e in CLASSES), "Problem"])
    assert dcov.errors.__all__ == sorted(dcov.errors.__all__)


def test_codes_are_unique() -> None:
    """A code names one error, and scripts may rely on it."""
    codes = [error.code for error in CLASSES]
    assert sorted(codes) == sorted(set(codes))


def test_the_tree_is_drawn_as_it_is() -> None:
    """The docstring of the module names every class, below its parent."""
    drawn = re.findall(r"^ {4}([| `-]*)(\w+Error)", dcov.errors.__doc__ or "", re.MULTILINE)
    names = {name for _, name in drawn}
    assert names == {error.__name__ for error in CLASSES}
    above: list[str] = []
    for indent, name in drawn:
        depth = len(indent) // 4
        above[depth:] = [name]
        if depth:
            parent = getattr(dcov.errors, name).__mro__[1].__name__
            assert parent == above[depth - 1]


@pytest.mark.parametrize(
    "error", [error for error in CLASSES if not issubclass(error, FleetError)], ids=str
)
def test_errors_survive_pickle_and_copy(error: type[DcovError]) -> None:
    """An error with keyword-only fields comes through a process pool."""
    made = example(error)
    for again in (pickle.loads(pickle.dumps(made)), copy.copy(made)):
        assert type(again) is error
        assert str(again) == str(made)


def test_braces_in_a_field_are_not_filled_again() -> None:
    """What a server said is shown as it is, format characters and all."""
    error = dcov.errors.ApplyError(resource="{x}", step="{0}", exit_code=1, tail="{a!r} %s")
    assert "{x}: `{0}` ended with 1: {a!r} %s" in str(error)
