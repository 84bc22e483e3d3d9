"""Certificates: made, checked, copied and reloaded, with openssl and nginx as judges."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePosixPath

import pytest
from certificates import NOW, Made, made
from one_machine import Machine

from dcov.change import Action
from dcov.errors import (
    CertificateChainError,
    CertificateDateError,
    CertificateError,
    CertificateKeyError,
    CertificateNameError,
    CertificateUnreadableError,
    UnfitServerError,
)
from dcov.resources import Command
from dcov.ssh.command import Finished
from dcov.stack.tls.facts import CertificateFacts
from dcov.stack.tls.own import OwnCertificate
from dcov.stack.tls.self_signed import SelfSigned

NAMES = ("dc.example.com", "192.0.2.1", "2001:db8::1")
FAILS = Command(name="fails", argv=("false",), unless=("false",))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    for name in ("ssl", "ca", "html"):
        (tmp_path / name).mkdir()
    return Machine(tmp_path)


def self_signed(machine: Machine, **more: object) -> SelfSigned:
    home = PurePosixPath(machine.folder)
    wanted = SelfSigned(home=home, names=NAMES, metrics=home / "html" / "certificate.prom", now=NOW)
    return replace(wanted, **more)  # type: ignore[arg-type]


def own(machine: Machine, **more: object) -> OwnCertificate:
    home = PurePosixPath(machine.folder)
    wanted = OwnCertificate(
        home=home,
        certificate=home / "own.crt",
        key=home / "own.key",
        name="dc.example.com",
        metrics=home / "html" / "certificate.prom",
        now=NOW,
    )
    return replace(wanted, **more)  # type: ignore[arg-type]


def give(machine: Machine, *chain: Made, key: str = "") -> None:
    """Put the operator's own files on the machine."""
    (machine.folder / "own.crt").write_text("".join(item.pem for item in chain))
    (machine.folder / "own.key").write_text(key or chain[0].key_pem())


def contents(machine: Machine) -> dict[str, bytes]:
    paths = (path for path in machine.folder.glob("[sch]*/*") if path.parent.name != "machine")
    return {str(path.relative_to(machine.folder)): path.read_bytes() for path in paths}


def served(machine: Machine) -> CertificateFacts:
    return CertificateFacts.of_pem((machine.folder / "ssl/server.crt").read_text())


def verified(machine: Machine, *options: str) -> str:
    argv = ("openssl", "verify", "-x509_strict", "-purpose", "sslserver", *options, "-CAfile",
            machine.folder / "ssl/ca.crt", machine.folder / "ssl/server.crt")  # fmt: skip
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    return done.stdout + done.stderr


def ends(machine: Machine) -> float:
    lines = (machine.folder / "html/certificate.prom").read_text().splitlines()
    name, value = lines[-1].split()
    assert name == "dcov_certificate_expires_timestamp_seconds"
    return float(value)


def test_a_site_signs_for_itself(machine: Machine) -> None:
    """Browsers that trust its authority accept every name, and the second run changes nothing."""
    (change,) = machine.plan(self_signed(machine))
    assert (change.action, contents(machine)) == (Action.CREATE, {})
    assert change.diff == (
        "+certificate for dc.example.com, 192.0.2.1, 2001:db8::1",
        "+authority of the site's own",
    )
    machine.ensure(self_signed(machine))
    assert verified(machine, "-verify_hostname", "dc.example.com").endswith(": OK\n")
    assert verified(machine, "-verify_ip", "192.0.2.1").endswith(": OK\n")
    assert verified(machine, "-verify_ip", "2001:db8::1").endswith(": OK\n")
    assert "mismatch" in verified(machine, "-verify_hostname", "dc.example.org")
    facts = served(machine)
    assert facts.names == NAMES
    assert facts.ends - facts.begins == timedelta(days=397)
    assert ends(machine) == facts.ends.timestamp()
    authority = CertificateFacts.of_pem((machine.folder / "ca/ca.crt").read_text())
    assert authority.ends - authority.begins == timedelta(days=3650)
    modes = {name: (machine.folder / name).stat().st_mode & 0o777 for name in contents(machine)}
    assert modes == {
        "ca/ca.crt": 0o644,
        "ca/ca.key": 0o600,
        "html/certificate.prom": 0o644,
        "ssl/ca.crt": 0o644,
        "ssl/server.crt": 0o644,
        "ssl/server.key": 0o600,
    }
    assert machine.plan(self_signed(machine))[0].action is Action.NOOP


def test_no_key_is_ever_seen(machine: Machine) -> None:
    """Neither in what the server says, nor in a change, nor in what is left behind."""
    give(machine, made("root", names=("dc.example.com",)))
    for wanted in (self_signed(machine), own(machine), self_signed(machine)):
        machine.ensure(wanted)
        machine.try_to(replace(wanted, now=NOW - timedelta(days=1)), FAILS)
    assert machine.runs >= 3
    assert "PRIVATE" not in machine.said
    kept = {"ca/ca.key", "ssl/server.key"}
    assert {name for name, text in contents(machine).items() if b"PRIVATE" in text} == kept
    assert not list(machine.folder.rglob(".dcov-*"))


@pytest.mark.parametrize(
    ("more", "diff"),
    [
        ({"names": ("DC.example.com", "192.0.2.1", "2001:DB8:0::1")}, ()),
        (
            {"names": ("dc.example.com",)},
            ("-names dc.example.com, 192.0.2.1, 2001:db8::1", "+names dc.example.com"),
        ),
        ({"now": NOW + timedelta(days=366)}, ()),
        ({"now": NOW + timedelta(days=368)}, ("-days left 29", "+days left 397")),
        (
            {"now": NOW + timedelta(days=500), "provisional": True},
            ("-days left -103", "+days left 397"),
        ),
        ({"now": NOW + timedelta(days=390), "provisional": True}, ()),
        ({"names": ("dc.example.org",), "provisional": True}, ()),
    ],
)
def test_it_is_renewed_by_the_same_authority(
    machine: Machine, more: dict[str, object], diff: tuple[str, ...]
) -> None:
    machine.ensure(self_signed(machine))
    before = contents(machine)
    (change,) = machine.ensure(self_signed(machine, **more))
    assert change.diff == diff
    after = contents(machine)
    assert {name for name in before if before[name] != after[name]} <= {
        "ssl/server.crt", "ssl/server.key", "html/certificate.prom",
    }  # fmt: skip
    assert (before == after) == (not diff)
    assert verified(machine).endswith(": OK\n")


def test_an_authority_that_would_end_first_is_made_anew(machine: Machine) -> None:
    machine.ensure(self_signed(machine))
    before = contents(machine)
    later = self_signed(machine, now=NOW + timedelta(days=3650 - 300))
    (change,) = machine.ensure(later)
    assert change.diff[-1] == "+authority of the site's own"
    after = contents(machine)
    assert {name for name in before if before[name] == after[name]} <= {"html/certificate.prom"}


@pytest.mark.parametrize("lost", ["ssl/server.key", "ca/ca.key", "ca/ca.crt", "ssl/server.crt"])
@pytest.mark.parametrize("how", ["gone", "another", "broken"])
def test_what_is_lost_is_made_anew(machine: Machine, lost: str, how: str) -> None:
    """Also where somebody put something else in its place."""
    machine.ensure(self_signed(machine))
    path = machine.folder / lost
    other = made("other", names=NAMES[:1])
    match how:
        case "gone":
            path.unlink()
        case "another":
            path.write_text(other.key_pem() if lost.endswith("key") else other.pem)
        case _:
            path.write_bytes(b"\xff\0 no PEM")
    (change,) = machine.ensure(self_signed(machine))
    assert change.needed
    assert ("+authority of the site's own" in change.diff) == lost.startswith("ca/")
    assert verified(machine, "-verify_hostname", "dc.example.com").endswith(": OK\n")
    assert machine.plan(self_signed(machine))[0].action is Action.NOOP


def test_a_metric_that_is_gone_is_written_and_nothing_else(machine: Machine) -> None:
    machine.ensure(self_signed(machine))
    before = contents(machine)
    (machine.folder / "html/certificate.prom").unlink()
    (change,) = machine.ensure(self_signed(machine))
    assert change.diff == ("+metric of its end",)
    assert contents(machine) == before


def test_what_fails_later_leaves_the_old_one(machine: Machine) -> None:
    machine.ensure(self_signed(machine))
    before = contents(machine)
    give(machine, made("dc", names=NAMES[:1]))
    for wanted in (self_signed(machine, names=("other.example.com",)), own(machine)):
        _, said = machine.try_to(wanted, FAILS)
        assert " undone complete" in said
        assert contents(machine) == before


@pytest.fixture(scope="module")
def chain() -> tuple[Made, Made, Made]:
    root = made("root", days=3650)
    middle = made("middle", by=root, days=1000)
    return made("leaf", by=middle, names=("*.example.com", "example.com")), middle, root


def test_an_own_certificate_is_copied(machine: Machine, chain: tuple[Made, Made, Made]) -> None:
    give(machine, *chain[:2], key=chain[0].key_pem())
    machine.ensure(self_signed(machine))
    (change,) = machine.ensure(own(machine))
    assert change.action is Action.UPDATE
    facts = served(machine)
    assert change.diff[4:] == (
        "+names *.example.com, example.com",
        "+issuer CN=middle",
        "+days left 89",
        f"+fingerprint {facts.fingerprint[:16]}",
    )
    assert (machine.folder / "ssl/server.crt").read_text() == chain[0].pem + chain[1].pem
    assert (machine.folder / "ssl/server.key").stat().st_mode & 0o777 == 0o600
    assert ends(machine) == facts.ends.timestamp()
    assert machine.plan(own(machine))[0].action is Action.NOOP
    assert machine.plan(self_signed(machine, provisional=True))[0].action is Action.NOOP
    assert machine.plan(self_signed(machine))[0].action is Action.UPDATE


def refusals(
    chain: tuple[Made, Made, Made],
) -> Iterator[tuple[type[CertificateError], str, str, str]]:
    leaf, middle, root = chain
    key = leaf.key_pem()
    stranger = made("middle")
    old = made("old", names=NAMES[:1], days=1, begins=NOW - timedelta(days=2))
    young = made("young", names=NAMES[:1], begins=NOW + timedelta(days=2))
    other = made("other", names=("other.example.org", "*.dc.example.com"))
    nameless = made("dc.example.com")
    yield CertificateKeyError, leaf.pem, middle.key_pem(), "own.key is not the key of"
    yield CertificateChainError, leaf.pem + root.pem, key, "certificate 2, CN=root, did not sign"
    yield CertificateChainError, leaf.pem + root.pem + middle.pem, key, "certificate 2"
    yield CertificateChainError, leaf.pem + stranger.pem, key, "certificate 2, CN=middle"
    yield CertificateKeyError, middle.pem + leaf.pem, key, "own.key is not the key of"
    yield CertificateDateError, old.pem, old.key_pem(), "only"
    yield CertificateDateError, young.pem, young.key_pem(), "only"
    yield CertificateNameError, other.pem, other.key_pem(), "is for other.example.org, *.dc"
    yield CertificateNameError, nameless.pem, nameless.key_pem(), "is for no name, and not for dc"
    yield CertificateUnreadableError, "", key, "own.crt on the master holds no certificate"
    yield CertificateUnreadableError, key, key, "own.crt on the master holds no certificate"
    yield CertificateUnreadableError, leaf.pem, "", "own.key on the master holds no key"
    yield CertificateUnreadableError, leaf.pem, leaf.pem, "own.key on the master holds no key"
    yield CertificateUnreadableError, leaf.pem, leaf.key_pem(b"pass"), "holds no key"


def test_an_own_certificate_that_is_no_good_is_refused(
    machine: Machine, chain: tuple[Made, Made, Made]
) -> None:
    """Each fault has a code and a cause of its own, and nothing is changed."""
    for error, certificate, key, cause in refusals(chain):
        (machine.folder / "own.crt").write_text(certificate)
        (machine.folder / "own.key").write_text(key)
        with pytest.raises(error, match=re.escape(cause)) as raised:
            machine.ensure(own(machine))
        assert raised.value.remedy
    for missing in ("own.key", "own.crt"):
        give(machine, chain[0])
        (machine.folder / missing).unlink()
        with pytest.raises(CertificateUnreadableError, match=missing):
            machine.ensure(own(machine))
    assert contents(machine) == {}


def test_what_certbot_is_still_to_get_is_planned(machine: Machine) -> None:
    """Also where it has one that has ended; but what can never be used is an error at once."""
    assert machine.plan(own(machine, later=True))[0].action is Action.UNKNOWN
    old = made("old", names=NAMES[:1], days=1, begins=NOW - timedelta(days=2))
    give(machine, old)
    assert machine.plan(own(machine, later=True))[0].action is Action.UNKNOWN
    good = made("good", names=NAMES[:1])
    give(machine, good, old)
    with pytest.raises(CertificateChainError):
        machine.plan(own(machine, later=True))
    give(machine, good)
    machine.ensure(own(machine, later=True))
    assert machine.plan(own(machine, later=True))[0].action is Action.NOOP
    assert machine.plan(FAILS, own(machine, later=True))[1].action is Action.UNKNOWN


def test_a_machine_without_openssl_is_named_as_that(machine: Machine) -> None:
    answer = Finished(
        command="probe", exit_code=0, stdout="-- metrics\n-- certificate\n\n-- key\nno openssl\n"
    )
    with pytest.raises(UnfitServerError, match="openssl"):
        self_signed(machine).plan(answer)


def test_a_wildcard_covers_one_label(chain: tuple[Made, Made, Made]) -> None:
    facts = CertificateFacts.of_pem(chain[0].pem)
    for name in ("a.example.com", "A.Example.COM.", "example.com"):
        assert facts.covers(name), name
    for name in ("a.b.example.com", "example.org", "192.0.2.1", "com"):
        assert not facts.covers(name), name
