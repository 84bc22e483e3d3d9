"""What is told of servers, good and bad ones."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from ssh.fleets import QUICK, Yard, only
from ssh.people import Person

from dcov import Fleet, Secret
from dcov.access import Checkup
from dcov.engine.options import Options
from dcov.errors import RefusedError, SudoPasswordError, SudoRefusedError
from dcov.inventory.entry import Entry, Login
from dcov.inventory.site import Site
from dcov.report import Status
from dcov.tasks import check_servers


def fleet_of(folder: Path, *entries: Entry) -> Fleet:
    site = Site.of(*entries, path=folder)
    return Fleet(site=site, options=Options(patience=QUICK, accept_new=True))


def test_a_good_server_is_described(yard: Yard) -> None:
    outcome = only(yard.fleet().run(check_servers))
    assert outcome.status is Status.OK, outcome.why
    found = outcome.value
    assert isinstance(found, Checkup)
    assert found.cpus > 0
    assert 0 < found.disk_free_kib <= found.disk_kib
    assert found.clock_skew == 0.0  # it is this machine's own clock
    assert outcome.why == str(found)
    assert f"{yard.sshd.user}@127.0.0.1:{yard.sshd.port}, " in str(found)
    assert outcome.cost.execs == 2


def test_the_report_as_data_has_it_too(yard: Yard) -> None:
    data = json.loads(json.dumps(yard.fleet().run(check_servers).to_dict()))
    assert data["servers"][0]["value"]["arch"] in ("amd64", "arm64")


def test_it_runs_in_a_plan(yard: Yard) -> None:
    report = yard.fleet().plan(check_servers).report
    assert only(report).status is Status.OK


def test_sudo_is_tried(person: Person, tmp_path: Path) -> None:
    assert only(fleet_of(tmp_path, person.entry()).run(check_servers)).status is Status.OK


def test_a_wrong_sudo_password_is_named(person: Person, tmp_path: Path) -> None:
    entry = person.entry(sudo_password=Secret("not this one"))
    outcome = only(fleet_of(tmp_path, entry).run(check_servers))
    assert isinstance(outcome.error, SudoPasswordError)


def test_a_user_without_sudo_is_named(person: Person, tmp_path: Path) -> None:
    (Path("/etc/sudoers.d") / person.name).write_text("# nothing\n")
    outcome = only(fleet_of(tmp_path, person.entry()).run(check_servers))
    assert isinstance(outcome.error, SudoRefusedError)


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Give a port that is taken and on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_a_closed_port_is_said_before_the_login(closed_port: int, tmp_path: Path) -> None:
    login = Login(address="127.0.0.1", port=closed_port)
    outcome = only(fleet_of(tmp_path, Entry(name="gpu-01", login=login)).run(check_servers))
    assert outcome.status is Status.UNREACHABLE
    assert isinstance(outcome.error, RefusedError)
    assert outcome.notes == (f"no TCP connection to 127.0.0.1:{closed_port} within 2 s",)


def test_behind_a_jump_host_nothing_is_asked_from_here(yard: Yard) -> None:
    """The jump host alone can reach it: only one connection to this address is seen."""
    entries = yard.sshd.entry("jump"), yard.sshd.entry("gpu-01", 2, jump="jump")
    outcome = only(yard.fleet_of(*entries).where("gpu-01").run(check_servers))
    assert outcome.status is Status.OK
    assert outcome.value.jump == "jump"


def test_this_machine_needs_no_login(tmp_path: Path) -> None:
    login = Login(address="localhost", local=True)
    outcome = only(fleet_of(tmp_path, Entry(name="here", login=login)).run(check_servers))
    assert outcome.status is Status.OK, outcome.why
    assert "this machine" in str(outcome.value)
