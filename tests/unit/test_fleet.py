"""What can be chosen from a fleet, and what cannot be joined."""

from __future__ import annotations

import operator
from collections.abc import Callable
from pathlib import Path

import pytest

from dcov import Fleet, Server
from dcov.errors import ConfigError

GPUS = {"a": True, "b": False, "c": None, "d": True}  # None: nobody has said
FLEET = Fleet.of(
    *(Server(name=name, local=True, has_gpu=has_gpu) for name, has_gpu in GPUS.items())
)

Join = Callable[[Fleet, Fleet], Fleet]
JOINS = (operator.or_, operator.and_, operator.sub)


def names(fleet: Fleet) -> str:
    return "".join(server.name for server in fleet)


@pytest.mark.parametrize(("join", "left"), list(zip(JOINS, ("abc", "b", "a"), strict=True)))
def test_views_are_joined_in_the_order_of_the_site(join: Join, left: str) -> None:
    """Whichever stands first; and neither of them changes."""
    one, other = FLEET.where("b:a"), FLEET.where("c:b")
    assert names(join(one, other)) == left
    assert (names(one), names(other), names(FLEET)) == ("ab", "bc", "abcd")


def test_a_joined_view_runs_as_the_first_of_them() -> None:
    """With `|` of a view and itself nothing changes."""
    one, other = FLEET.using(workers=3).where("a"), FLEET.using(workers=4).where("b")
    assert (one | other).options.workers == 3
    assert names(one | one) == "a"
    assert names(FLEET - FLEET) == ""


@pytest.mark.parametrize(("has_gpu", "left"), [(True, "ad"), (False, "b"), (None, "c")])
def test_a_server_of_which_nobody_said_it_is_in_neither_part(
    has_gpu: bool | None,  # noqa: FBT001  # a case
    left: str,
) -> None:
    assert names(FLEET.where(has_gpu=has_gpu)) == left
    assert names(FLEET.where("a:b", has_gpu=has_gpu)) == left.strip("cd")


@pytest.mark.parametrize("join", JOINS)
def test_servers_of_two_sites_are_not_joined(join: Join) -> None:
    """Those of the second would be left out, and names that both have mean two servers."""
    other = Fleet.of(Server(name="a", server_ip="192.0.2.1"), Server(name="x", local=True))
    with pytest.raises(ConfigError, match="are of two sites"):
        join(FLEET, other)


def test_a_site_that_was_read_twice_is_one(tmp_path: Path) -> None:
    text = "servers: [{name: a, server_ip: 192.0.2.1}, {name: b, server_ip: 192.0.2.2}]\n"
    (tmp_path / "fleet-config.yaml").write_text(text)
    one, other = (Fleet.load(tmp_path).where(name=name) for name in "ab")
    assert names(one | other) == "ab"
