"""Clients of what runs on the master: which connections they make, and when those end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import paramiko
import pytest
from grafana_stand_in import PASSWORD, GrafanaStandIn
from ssh.fleets import Yard

from dcov import Fleet, Secret
from dcov.inventory.entry import Role


@pytest.fixture
def fleet(yard: Yard) -> Fleet:
    return yard.fleet_of(replace(yard.sshd.entry("head"), role=Role.MASTER))


def connections() -> int:
    """Count the links of this process that are up."""
    links = (thread for thread in threading.enumerate() if isinstance(thread, paramiko.Transport))
    return sum(link.is_active() for link in links)


@pytest.fixture
def grafana(tmp_path: Path) -> Iterator[GrafanaStandIn]:
    with GrafanaStandIn(tmp_path) as running:
        yield running


def ask(fleet: Fleet, grafana: GrafanaStandIn) -> str:
    """Hold the client no longer than for one question, as one does in a notebook."""
    return fleet.grafana_at(grafana.url, password=Secret(PASSWORD)).version()


def test_a_client_that_nobody_holds_leaves_no_connection(
    fleet: Fleet, grafana: GrafanaStandIn
) -> None:
    before = connections()
    assert ask(fleet, grafana)
    until = time.monotonic() + 10
    while connections() > before and time.monotonic() < until:
        time.sleep(0.05)
    assert connections() == before


def test_clients_of_a_fleet_that_stays_connected_share_its_connection(
    fleet: Fleet, yard: Yard, grafana: GrafanaStandIn
) -> None:
    """They neither open one of their own nor close that of the others."""
    logins = yard.sshd.log.count("Accepted publickey")
    with fleet.connected() as near:
        assert near.sh("true").ok
        assert ask(near, grafana)
        assert ask(near, grafana)
        assert near.sh("true").ok
    assert yard.sshd.log.count("Accepted publickey") == logins + 1
