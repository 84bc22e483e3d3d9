"""Which services there are to look at, and to restart."""

from __future__ import annotations

from pathlib import Path

import pytest
from found_master import FoundMaster, container, ours, surveyed
from sites import BARE, NO_CORE

from dcov.cli.complete import SERVICES
from dcov.errors import NotReadOnlyError, UnknownNameError
from dcov.inventory.site import Site
from dcov.stack.component import COMPONENTS, GATE, components_of
from dcov.stack.operation import known_service, restart_services

BESIDE = surveyed(container("cryptolabs-proxy"), *map(ours, ("prometheus", "grafana", "dcov-gate")))


def site(folder: Path, text: str) -> Site:
    config = folder / "fleet-config.yaml"
    config.write_text(text)
    return Site.load(config)


def test_the_gate_is_a_service_where_it_is(tmp_path: Path) -> None:
    """Health names it in its hints."""
    bare = site(tmp_path, BARE)
    assert known_service(bare, name="dcov-gate", here=("dcov-gate",)) == "dcov-gate"
    assert GATE in components_of(bare.settings, here=("dcov-gate",))
    for one, here in ((bare, ()), (site(tmp_path, NO_CORE), ("dcov-gate",))):
        with pytest.raises(UnknownNameError, match="dcov-gate"):
            known_service(one, name="dcov-gate", here=here)


@pytest.mark.parametrize(
    ("given", "restarted"),
    [
        ({}, ["prometheus", "grafana", "dcov-gate"]),
        ({"services": ["dcov-gate"]}, ["dcov-gate"]),
    ],
)
def test_it_is_restarted_with_the_others(
    given: dict[str, list[str]], restarted: list[str], tmp_path: Path
) -> None:
    """The family's proxy, which is somebody else's, is not."""
    master = FoundMaster(survey=BESIDE)
    with pytest.raises(NotReadOnlyError) as refused:  # which is where a plan of it ends
        restart_services(master.on(master.stack(BARE, folder=tmp_path), planning=True), **given)
    assert refused.value.command == f"docker compose restart {' '.join(restarted)}"


def test_a_tab_offers_all_of_them() -> None:
    assert tuple(item.name for item in (*COMPONENTS, GATE)) == SERVICES
