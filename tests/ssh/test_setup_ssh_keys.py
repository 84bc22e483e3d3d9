"""The fleet key on real servers: real sshd with StrictModes, real passwords, real sudo."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from ssh.fleets import QUICK, only, tree
from ssh.people import Person

from dcov import Fleet, Secret
from dcov.config.settings import Settings
from dcov.engine.options import Options
from dcov.errors import ConfigError, KeyRefusedError, PathTakenError
from dcov.inventory.entry import Entry, Role
from dcov.inventory.site import Site
from dcov.report import Status
from dcov.tasks import setup_ssh_keys

OTHERS = """# the people of the data centre

command="echo \\"hi there\\"",no-pty ssh-ed25519 {one} first
ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDAmvY torn and kept
  ssh-ed25519 {one}   twice, with blanks
\xfftail without newline"""


def fleet_of(folder: Path, *entries: Entry, person: Person, **ssh: object) -> Fleet:
    folder.mkdir(exist_ok=True)
    shutil.copy(person.sshd.known_hosts([entry.name for entry in entries]), folder / "known_hosts")
    settings = Settings.model_validate({"ssh": ssh})
    site = Site.of(*entries, path=folder, settings=settings)
    return Fleet(site=site, options=Options(patience=QUICK))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "site"


@pytest.fixture
def fleet(folder: Path, person: Person) -> Fleet:
    return fleet_of(folder, person.entry(), person=person)


def other_key(folder: Path) -> str:
    path = folder / "other"
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path), check=True)
    return path.with_suffix(".pub").read_text().split()[1]


def test_the_key_is_made_let_in_and_tried(fleet: Fleet, folder: Path, person: Person) -> None:
    outcome = only(fleet.run(setup_ssh_keys))
    assert outcome.status is Status.CHANGED, outcome.why
    key = folder / "ssh_keys" / "fleet_key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_bytes().startswith(b"-----BEGIN OPENSSH PRIVATE KEY-----\n")
    assert stat.S_IMODE(person.keys.stat().st_mode) == 0o600
    assert stat.S_IMODE(person.keys.parent.stat().st_mode) == 0o700
    assert person.keys.owner() == person.keys.parent.owner() == person.name
    known = person.sshd.known_hosts(["gpu-01"])
    options = ("-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes",
               "-o", "HostKeyAlias=gpu-01", "-o", f"UserKnownHostsFile={known}")  # fmt: skip
    place = f"ssh://{person.name}@127.0.0.1:{person.sshd.port}"
    subprocess.run(("ssh", *options, "-i", key, place, "true"), check=True, capture_output=True)


def test_the_new_key_is_tried_alone_over_a_connection_of_its_own(
    fleet: Fleet, person: Person
) -> None:
    before = len(person.sshd.log)
    outcome = only(fleet.run(setup_ssh_keys))
    logins = re.findall(r"Accepted (password|publickey) for", person.sshd.log[before:])
    assert logins == ["password", "publickey"]
    assert outcome.cost.connections == 2


def test_a_second_run_changes_nothing(fleet: Fleet, folder: Path, person: Person) -> None:
    fleet.run(setup_ssh_keys).raise_for_failures()
    was = tree(person.home), tree(folder / "ssh_keys")
    outcome = only(fleet.run(setup_ssh_keys))
    assert outcome.status is Status.OK
    assert [change for change in outcome.changes if change.needed] == []
    assert (tree(person.home), tree(folder / "ssh_keys")) == was


def test_what_others_wrote_stays_byte_for_byte(
    fleet: Fleet, person: Person, tmp_path: Path
) -> None:
    was = OTHERS.format(one=other_key(tmp_path)).encode("latin-1")
    person.write_keys(was)
    fleet.run(setup_ssh_keys).raise_for_failures()
    now = person.keys.read_bytes()
    assert now.startswith(was + b"\nssh-ed25519 ")
    assert now.count(b"\n") == was.count(b"\n") + 2


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_the_line_is_a_line_of_its_own(
    fleet: Fleet, person: Person, tmp_path: Path, ending: str
) -> None:
    was = f"ssh-ed25519 {other_key(tmp_path)} last{ending}"
    person.write_keys(was)
    fleet.run(setup_ssh_keys).raise_for_failures()
    now = person.keys.read_bytes().decode()
    between = "" if ending.endswith("\n") else "\n"
    assert now.startswith(f"{was}{between}ssh-ed25519 ")
    assert now.removeprefix(was + between).count("\n") == 1


def test_wrong_rights_are_put_in_order_without_another_line(fleet: Fleet, person: Person) -> None:
    fleet.run(setup_ssh_keys).raise_for_failures()
    text = person.keys.read_text()
    person.keys.chmod(0o644)
    person.keys.parent.chmod(0o755)
    outcome = only(fleet.run(setup_ssh_keys))
    assert outcome.changes[0].diff == (
        "-mode 644",
        "+mode 600",
        "-folder mode 755",
        "+folder mode 700",
    )
    assert person.keys.read_text() == text
    assert stat.S_IMODE(person.keys.parent.stat().st_mode) == 0o700


def test_a_restricted_line_with_the_key_counts(fleet: Fleet, folder: Path, person: Person) -> None:
    fleet.run(setup_ssh_keys).raise_for_failures()
    line = person.keys.read_text()
    person.write_keys(f'from="127.0.0.0/8",command="exec \\"$SHELL\\"" {line}')
    was = person.keys.read_bytes()
    assert only(fleet.run(setup_ssh_keys)).status is Status.OK
    assert person.keys.read_bytes() == was


def test_the_key_as_an_authority_does_not_count(fleet: Fleet, person: Person) -> None:
    fleet.run(setup_ssh_keys).raise_for_failures()
    line = person.keys.read_text()
    person.write_keys(f"cert-authority {line}")
    assert only(fleet.run(setup_ssh_keys)).status is Status.CHANGED
    assert person.keys.read_text() == f"cert-authority {line}{line}"


def test_where_sshd_does_not_take_the_key_all_is_put_back(
    fleet: Fleet, folder: Path, person: Person
) -> None:
    """A home that others may write: StrictModes refuses every key in it."""
    person.write_keys("# mine, and no newline")
    person.home.chmod(0o777)
    was = tree(person.home)
    outcome = only(fleet.run(setup_ssh_keys))
    assert outcome.status is Status.FAILED
    assert isinstance(outcome.error, KeyRefusedError)
    assert "pubkeyauthentication" in outcome.why
    assert outcome.rollback == "complete"
    assert tree(person.home) == was


def test_a_folder_that_was_made_is_removed_again(fleet: Fleet, person: Person) -> None:
    person.home.chmod(0o777)
    was = tree(person.home)
    assert only(fleet.run(setup_ssh_keys)).status is Status.FAILED
    assert tree(person.home) == was


@pytest.mark.parametrize("linked", [".ssh", ".ssh/authorized_keys"])
def test_a_link_is_refused_and_not_followed(
    fleet: Fleet, person: Person, tmp_path: Path, linked: str
) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    path = person.home / linked
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(secret if linked == ".ssh" else "/etc/shadow")
    outcome = only(fleet.run(setup_ssh_keys))
    assert isinstance(outcome.error, PathTakenError)
    assert "symbolic link" in outcome.why
    assert list(secret.iterdir()) == []


def test_a_plan_makes_no_key_and_can_be_applied(fleet: Fleet, folder: Path, person: Person) -> None:
    plan = fleet.plan(setup_ssh_keys)
    change = only(plan.report).changes[0]
    assert (change.action.value, change.reason) == (
        "unknown",
        "the key is made when this is applied",
    )
    assert not (folder / "ssh_keys").exists()
    assert not person.keys.exists()
    applied = only(plan.apply())
    assert applied.status is Status.CHANGED, applied.why
    again = only(fleet.plan(setup_ssh_keys).report)
    assert [change.needed for change in again.changes] == [False]


def test_a_plan_with_a_key_shows_the_line(fleet: Fleet, folder: Path, person: Person) -> None:
    fleet.run(setup_ssh_keys).raise_for_failures()
    line = person.keys.read_text().strip()
    shutil.rmtree(person.keys.parent)
    change = only(fleet.plan(setup_ssh_keys).report).changes[0]
    assert change.action.value == "create"
    assert f"+{line}" in change.diff


def test_the_declared_key_is_used_and_never_replaced(folder: Path, person: Person) -> None:
    folder.mkdir()
    path = folder / "mine"
    subprocess.run(
        ("ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", path), check=True
    )
    was = path.read_bytes()
    fleet = fleet_of(folder, person.entry(key_path=path), person=person, key_path=str(path))
    outcome = only(fleet.run(setup_ssh_keys))
    assert outcome.status is Status.CHANGED, outcome.why
    assert person.keys.read_text().startswith("ssh-rsa ")
    assert path.read_bytes() == was
    assert not (folder / "ssh_keys").exists()


def test_a_key_that_cannot_be_used_stops_the_run_before_any_server(
    folder: Path, person: Person
) -> None:
    folder.mkdir()
    path = folder / "torn"
    path.write_text("not a key\n")
    fleet = fleet_of(folder, person.entry(), person=person, key_path=str(path))
    with pytest.raises(ConfigError, match="torn"):
        fleet.run(setup_ssh_keys)
    assert path.read_text() == "not a key\n"
    assert not person.keys.exists()


def test_another_place_is_where_the_site_says(fleet: Fleet, person: Person, tmp_path: Path) -> None:
    """This sshd does not look there, so the login fails: the place and the undoing are seen."""
    place = tmp_path / "keys"
    outcome = only(fleet.run(setup_ssh_keys, authorized_keys=f"{place}/%u"))
    assert isinstance(outcome.error, KeyRefusedError)
    assert outcome.changes[0].resource == f"authorized_key:{person.name}"
    assert not place.exists()
    assert not person.keys.exists()


def test_it_opens_workers_and_not_the_master(folder: Path, person: Person) -> None:
    master = replace(person.entry("master", 2), role=Role.MASTER)
    fleet = fleet_of(folder, master, person.entry(), person=person)
    assert list(fleet.run(setup_ssh_keys)) == ["gpu-01"]


def test_the_master_is_left_out_also_where_it_is_chosen(folder: Path, person: Person) -> None:
    """The Server Manager holds the fleet key, and is not to have a login on its own machine."""
    master = replace(person.entry("master"), role=Role.MASTER)
    fleet = fleet_of(folder, master, person=person)
    outcome = only(fleet.where("*").run(setup_ssh_keys))
    assert outcome.status is Status.SKIPPED
    assert "never opens the master" in outcome.why
    assert not person.keys.exists()


def test_no_password_is_shown_or_left(fleet: Fleet, state_home: Path) -> None:
    report = fleet.run(setup_ssh_keys)
    words = repr(report) + str(report.to_dict())
    records = b"".join(path.read_bytes() for path in state_home.rglob("*") if path.is_file())
    assert "correct horse" not in words
    assert b"correct horse" not in records
    assert b"PRIVATE KEY" not in records


def test_a_server_that_lets_nobody_in_is_unreachable(folder: Path, person: Person) -> None:
    entry = person.entry(password=Secret("wrong"))
    outcome = only(fleet_of(folder, entry, person=person).run(setup_ssh_keys))
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, "auth-refused")
