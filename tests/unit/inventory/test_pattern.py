"""Ansible's host patterns over a site."""

from __future__ import annotations

import pytest

from dcov.errors import UnknownNameError
from dcov.inventory.entry import Entry, Login, Role
from dcov.inventory.pattern import select
from dcov.inventory.site import Site


def entry(name: str, *, role: Role = Role.WORKER, groups: tuple[str, ...] = ()) -> Entry:
    return Entry(name=name, login=Login(address=f"{name}.example.com"), role=role, groups=groups)


SITE = Site.of(
    entry("monitor", role=Role.MASTER),
    entry("gpu-01", groups=("rack-a",)),
    entry("gpu-02", groups=("rack-a", "h100")),
    entry("gpu-03", groups=("rack-b", "h100")),
    entry("gpu-10", groups=("rack-b",)),
    entry("store-01"),
)
GPUS = ["gpu-01", "gpu-02", "gpu-03", "gpu-10"]
WORKERS = [*GPUS, "store-01"]
ALL = ["monitor", *WORKERS]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("gpu-01", ["gpu-01"]),
        ("all", ALL),
        ("*", ALL),
        ("masters", ["monitor"]),
        ("workers", WORKERS),
        ("h100", ["gpu-02", "gpu-03"]),
        ("rack-*", GPUS),
        ("gpu-*", GPUS),
        ("gpu-0?", ["gpu-01", "gpu-02", "gpu-03"]),
        ("gpu-0[1-2]", ["gpu-01", "gpu-02"]),
        ("gpu-0[!1]", ["gpu-02", "gpu-03"]),
        ("~gpu-(01|10)", ["gpu-01", "gpu-10"]),
        ("~gpu-[01]{2}$:!gpu-01", ["gpu-10"]),
        (r"~(?:gpu|store)-\d1", ["gpu-01", "store-01"]),
        ("gpu-02,gpu-01", ["gpu-01", "gpu-02"]),
        ("store-01:monitor", ["monitor", "store-01"]),
        (" gpu-01 , gpu-02 ", ["gpu-01", "gpu-02"]),
        ("all:!gpu-*", ["monitor", "store-01"]),
        ("!gpu-*:all", ["monitor", "store-01"]),
        ("all,!gpu-01,!store-01", ["monitor", "gpu-02", "gpu-03", "gpu-10"]),
        ("!workers", ["monitor"]),
        ("&h100", ["gpu-02", "gpu-03"]),
        ("rack-a:&h100", ["gpu-02"]),
        ("rack-*:&h100:!gpu-03", ["gpu-02"]),
        ("gpu-*:!gpu-03:&workers,monitor", ["gpu-01", "gpu-02", "gpu-10"]),
        ("rack-a:&rack-b", []),
        ("workers[0]", ["gpu-01"]),
        ("workers[-1]", ["store-01"]),
        ("workers[-2]", ["gpu-10"]),
        ("workers[0:2]", ["gpu-01", "gpu-02", "gpu-03"]),
        ("workers[3:]", ["gpu-10", "store-01"]),
        ("workers[:1]", ["gpu-01", "gpu-02"]),
        ("gpu-*[1:2],monitor", ["monitor", "gpu-02", "gpu-03"]),
        ("all:!workers[1:]", ["monitor", "gpu-01"]),
    ],
)
def test_a_pattern_means_these_servers(pattern: str, names: list[str]) -> None:
    """Always in the order of declaration; `&` and `!` act on all other terms together."""
    assert [one.name for one in select(SITE, pattern)] == names


@pytest.mark.parametrize(
    ("pattern", "name", "nearest"),
    [
        ("gup-01", "gup-01", "gpu-01"),
        ("gpu-01:gpu-04", "gpu-04", "gpu-03"),
        ("worker", "worker", "workers"),
        ("rakc-*", "rakc-*", "rack-a"),
        ("all:!gup-01", "gup-01", "gpu-01"),
        ("all:&h200", "h200", "h100"),
    ],
)
def test_a_term_that_matches_nothing_is_an_error_that_suggests(
    pattern: str, name: str, nearest: str
) -> None:
    """Behind `!` too: to leave a server out by a mistyped name would run on it."""
    with pytest.raises(UnknownNameError) as caught:
        select(SITE, pattern)
    assert caught.value.name == name
    assert nearest in caught.value.nearest


@pytest.mark.parametrize("pattern", ["", ":", " , ", "!", "&", "~(", "workers[9]", "gpu-01[1:]"])
def test_what_means_nothing_is_an_error(pattern: str) -> None:
    with pytest.raises(UnknownNameError):
        select(SITE, pattern)


def test_a_slice_out_of_range_says_how_many_there_are() -> None:
    with pytest.raises(UnknownNameError) as caught:
        select(SITE, "h100[2]")
    assert caught.value.remedy == "h100 matches 2 servers"


def test_a_site_without_servers_says_so() -> None:
    with pytest.raises(UnknownNameError) as caught:
        select(Site.of(), "all")
    assert caught.value.remedy == "the site has no servers"
