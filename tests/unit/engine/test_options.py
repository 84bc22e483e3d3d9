from __future__ import annotations

import pytest

from dcov.engine.options import Options, batches, count
from dcov.errors import ConfigError

TEN = [f"s{n}" for n in range(10)]


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        (Options(), [10]),
        (Options(batch=3), [3, 3, 3, 1]),
        (Options(batch="25%"), [3, 3, 3, 1]),  # rounded up
        (Options(batch="1%"), [1] * 10),  # at least one
        (Options(batch="100%"), [10]),
        (Options(batch=0), [1] * 10),
        (Options(canary=1), [1, 9]),
        (Options(canary=2, batch="50%"), [2, 5, 3]),
        (Options(canary=20), [10]),
    ],
)
def test_batches(options: Options, sizes: list[int]) -> None:
    """Every server is in one batch, in order; a share of the fleet is rounded up."""
    parts = batches(TEN, options=options)
    assert [len(part) for part in parts] == sizes
    assert [name for part in parts for name in part] == TEN


def test_no_servers_no_batches() -> None:
    assert batches([], options=Options(canary=1, batch="10%")) == []


def test_a_share_of_failures_is_rounded_down() -> None:
    """5 % of ten servers is none, so that one failure is too many."""
    assert count("5%", of=10, up=False, name="max_failures") == 0
    assert count("29%", of=100, up=False, name="max_failures") == 29  # no float's 28.999
    assert count("29%", of=100, up=True, name="batch") == 29
    assert count(" 7 ", of=3, up=False, name="max_failures") == 7


@pytest.mark.parametrize("amount", ["", "x", "²", "-1", "110%", "1.5", "%", "5 %%", -3])
def test_what_is_no_amount(amount: str) -> None:
    """The error names the option before anything is run."""
    with pytest.raises(ConfigError, match="max_failures"):
        Options(max_failures=amount)


def test_workers() -> None:
    with pytest.raises(ConfigError, match="workers"):
        Options(workers=0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("workers", 0),
        ("canary", -1),
        ("deadline", 0.0),
        ("deadline", -5.0),
        ("deadline", float("inf")),
        ("deadline", float("nan")),
    ],
)
def test_numbers_that_mean_nothing_are_refused(name: str, value: float) -> None:
    """A canary of -1 would be all servers but one; no timer on a server can be set to infinity."""
    with pytest.raises(ConfigError, match=f"{name}: "):
        Options(**{name: value})
