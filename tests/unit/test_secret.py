from __future__ import annotations

import copy
import json
import pickle

import pytest

from dcov.report import plain
from dcov.secret import Masker, Secret

VALUE = "hunter2-hunter2"


def test_a_secret_shows_nowhere() -> None:
    """Every way in which a value is usually printed shows the mask."""
    secret = Secret(VALUE)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>30}", f"{secret}",
             repr([secret]), repr({"a": secret}), json.dumps(plain({"a": secret}))]  # fmt: skip
    assert not any(VALUE in text for text in shown)
    assert not hasattr(secret, "__dict__")
    assert secret.reveal() == VALUE


def test_a_secret_is_not_pickled() -> None:
    """Neither a pickle nor a copy of one puts the value into a file."""
    with pytest.raises(TypeError):
        pickle.dumps(Secret(VALUE))
    with pytest.raises(TypeError):
        copy.copy(Secret(VALUE))


def test_secrets_are_compared_by_value_and_not_with_text() -> None:
    """A Secret is not its text: a comparison by accident is false."""
    assert Secret("a") == Secret("a")
    assert len({Secret("a"), Secret("a")}) == 1
    assert Secret("a") != "a"


def test_one_secret_within_another_leaves_no_rest() -> None:
    """The longest is masked first; a short value, which occurs by chance, is left."""
    masker = Masker.of([Secret("password"), Secret("password-longer"), Secret("short")])
    assert masker.text("x password-longer y password z short") == "x *** y *** z short"
    assert masker.data("pässword password".encode()) == "pässword ***".encode()
    assert masker.longest == len("password-longer")


def test_a_secret_that_is_learnt_later_is_masked_from_then_on() -> None:
    """The run that makes a password must not show it either."""
    masker = Masker.of([Secret("first-secret")])
    assert masker.text("first-secret second-secret") == "*** second-secret"
    masker.learn([Secret("second-secret"), Secret("first-secret-longer")])
    assert masker.text("first-secret-longer first-secret second-secret") == "*** *** ***"
    assert masker.longest == len("first-secret-longer")
