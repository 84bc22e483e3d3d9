"""One lab for all tests of this folder; dcov's own state and cache are temporary."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.ground import Ground

from fleetlab import Lab
from fleetlab.image import cache

# Each module has its servers as it wants them before it begins; in this order the master is made
# blank seldom. The first ones want nothing of it, or Debian's Prometheus.
LAST = (
    "test_other_users",
    "test_sample_config",
    "test_stack_secrets",
    "test_quickstart_killed",
    "test_quickstart",
    "test_health",
    "test_operation",
    "test_switched_off",
    "test_newcomer",
    "test_site_truth",
    "test_quickstart_faults",
    "test_examples",
    "test_stack_upgrade",
    "test_backup",
    "test_bundle",
    "test_destroy",
    "test_neighbours",
    "test_adopt",
)

WITHIN = 900  # seconds for a test with its set-up: the first one may have to make the lab's images


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, and run them as they are written: servers are no mocks."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.lab)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(WITHIN))
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> tuple[int, str, int]:
    if "lab" not in item.keywords:
        return (-1, "", 0)
    name = item.path.stem
    rank = LAST.index(name) + 1 if name in LAST else 0
    return (rank, name, item.location[1] or 0)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dcov keeps state and cache; the lab's images stay where they are."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "cache").mkdir()
    (folder / "cache" / "dcov-lab").symlink_to(cache())
    return folder


@pytest.fixture(scope="session")
def lab(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Five servers. DCOV_LAB=NAME uses a lab that is up and leaves it so: for writing tests."""
    name = os.environ.get("DCOV_LAB")
    state = tmp_path_factory.mktemp("lab") / "state"
    made = Lab(name) if name else Lab(f"test-{os.getpid()}", state=state)
    made.up()
    yield made
    if not name:
        made.down()


@pytest.fixture(scope="module", autouse=True)
def environment(lab: Lab, home: Path) -> Iterator[None]:
    """dcov's folders, while this module's tests run."""
    with pytest.MonkeyPatch.context() as patch:
        for kind in ("STATE", "CACHE", "CONFIG"):
            patch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))
        yield


@pytest.fixture(scope="session")
def ground(lab: Lab) -> Ground:
    """The lab's servers, as a test wants them."""
    return Ground(lab=lab)
