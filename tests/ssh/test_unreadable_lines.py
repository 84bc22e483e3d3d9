"""A line of known_hosts that nobody can read counts for nothing, and that is said."""

from __future__ import annotations

from ssh.fleets import Yard

from dcov.events import Event, Kind
from dcov.report import Status


def test_each_is_named_once_in_a_run(yard: Yard) -> None:
    """A revocation that was torn by an editor must not be believed to hold."""
    seen: list[Event] = []
    fleet = yard.fleet("gpu-01", "gpu-02", listeners=(seen.append,))
    known = yard.folder / "known_hosts"
    lines = known.read_text().splitlines()
    known.write_text("\n".join([*lines, "@revoked gpu-01 ssh-ed25519 AAAA"]) + "\n")
    report = fleet.sh("true")
    assert {outcome.status for outcome in report.outcomes} == {Status.OK}
    (note,) = [event for event in seen if event.kind is Kind.NOTE]
    assert note.server == ""
    assert note.data["text"].startswith(f"passed over {known}:{len(lines) + 1}: ")


def test_nothing_is_said_of_a_file_that_can_be_read(yard: Yard) -> None:
    seen: list[Event] = []
    yard.fleet("gpu-01", listeners=(seen.append,)).sh("true")
    assert [event for event in seen if event.kind is Kind.NOTE] == []
