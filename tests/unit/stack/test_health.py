"""How what was found is judged: where a number becomes a warning, and what a page says of all."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from certificates import NOW, made
from cryptography.hazmat.primitives.serialization import Encoding

from dcov.cli.health import exit_code
from dcov.stack.health import Health, Layer, Level, Verdict
from dcov.stack.health.front import certificate
from dcov.stack.health.server import clock, disk

GIB = 2**20  # in KiB


@pytest.mark.parametrize(
    ("skew", "level"),
    [(0.0, "ok"), (5.0, "ok"), (-5.0, "ok"), (5.1, "bad"), (-5.1, "bad"), (-86400.0, "bad")],
)
def test_a_clock_may_be_five_seconds_off(skew: float, level: str) -> None:
    verdict = clock("gpu-01", skew=skew)
    assert (verdict.layer, verdict.subject, verdict.level) == ("clock", "gpu-01", level)
    if level == "bad":
        assert verdict.why == f"{skew:+.1f} s from this machine's"
        assert "set-ntp" in verdict.hint


@pytest.mark.parametrize(
    ("free", "level", "share"),
    [(100, "ok", ""), (15, "ok", ""), (14, "warn", "14%"), (5, "warn", "5%"), (4, "bad", "4%")],
)
def test_a_disk_is_little_at_15_percent_and_nearly_nothing_at_5(
    free: int, level: str, share: str
) -> None:
    verdict = disk("gpu-01", "/data", size=100 * GIB, free=free * GIB)
    assert (verdict.subject, verdict.level) == ("gpu-01 /data", level)
    assert verdict.why == (f"{share} of 100.0 GiB are free" if share else "")


def test_a_file_system_without_a_size_is_not_judged() -> None:
    """As those have that are no disks."""
    assert disk("gpu-01", "/", size=0, free=0).level is Level.OK


@pytest.mark.parametrize(
    ("days", "level", "why"),
    [
        (22, "ok", "21 days left"),
        (21, "warn", "20 days left"),
        (8, "warn", "7 days left"),
        (7, "bad", "6 days left"),
        (0, "bad", f"ended on {NOW:%Y-%m-%d}"),
    ],
)
def test_a_certificate_is_judged_by_the_days_that_are_left(days: int, level: str, why: str) -> None:
    verdict = certificate(
        shown(days=days, name="dc.example.com"), name="dc.example.com", server="m"
    )
    assert (verdict.level, verdict.why) == (level, why)
    assert (verdict.hint == "") == (level == "ok")


def test_a_certificate_for_another_name_is_bad() -> None:
    verdict = certificate(shown(days=90, name="old.example.com"), name="dc.example.com", server="m")
    assert (verdict.level, verdict.why) == (Level.BAD, "is for old.example.com")


def shown(*, days: int, name: str) -> bytes:
    """A certificate that is good for this many days from now, as the proxy shows it."""
    begins = NOW - timedelta(days=1)
    one = made(name, names=(name,), begins=begins, days=days + 1)
    return one.certificate.public_bytes(Encoding.DER)


def found(*verdicts: Verdict) -> Health:
    return Health(site="dc", verdicts=verdicts, seconds=1.5)


def of(layer: Layer, subject: str, level: Level = Level.OK, **more: object) -> Verdict:
    return Verdict(layer=layer, subject=subject, level=level, **more)  # type: ignore[arg-type]


LOST = of(Layer.SERVERS, "gpu-01", Level.BAD, server="gpu-01", why="no way", unreachable=True)


@pytest.mark.parametrize(
    ("others", "code"),
    [
        ((), 4),
        ((of(Layer.TARGETS, "gpu-01 node", Level.BAD, server="gpu-01"),), 4),
        ((of(Layer.DISK, "gpu-02 /", Level.WARN, server="gpu-02"),), 4),
        ((of(Layer.DISK, "gpu-02 /", Level.BAD, server="gpu-02"),), 3),
        ((of(Layer.TARGETS, "dc", Level.BAD),), 3),
    ],
)
def test_4_stands_for_servers_that_cannot_be_reached_and_what_follows(
    others: tuple[Verdict, ...], code: int
) -> None:
    """Prometheus cannot scrape them either; anything else that is bad is 3."""
    assert exit_code(found(LOST, *others)) == code


def test_warnings_are_no_failure() -> None:
    few = found(of(Layer.DISK, "gpu-01 /", Level.WARN), of(Layer.CLOCK, "gpu-01"))
    assert (few.ok, few.level, exit_code(few)) == (True, Level.WARN, 0)
    assert few.summary == "dc: 1 ok, 1 warn"


def test_a_layer_that_is_well_is_one_row() -> None:
    """Of the others only what is not well, with what to do."""
    seen = found(
        of(Layer.SERVERS, "gpu-01", why="Debian amd64"),
        of(Layer.SERVERS, "gpu-02", why="Debian amd64"),
        of(Layer.CLOCK, "gpu-01"),
        of(Layer.CLOCK, "gpu-02", Level.BAD, why="+9.0 s off", hint="set it"),
        of(Layer.PROMETHEUS, "prometheus", why="2.42.0"),
    )
    assert [tuple(row.values()) for row in seen.rows()] == [
        ("servers", "ok", "all 2", "Debian amd64"),
        ("clock", "bad", "gpu-02", "+9.0 s off\n-> set it"),
        ("prometheus", "ok", "prometheus", "2.42.0"),
    ]


def test_programs_get_all_of_it() -> None:
    """As JSON that says its version; the layers in a word each."""
    document = json.loads(json.dumps(found(LOST, of(Layer.CLOCK, "gpu-02")).to_dict()))
    assert document == {
        "version": 1,
        "site": "dc",
        "verdict": "bad",
        "seconds": 1.5,
        "layers": {"servers": "bad", "clock": "ok"},
        "verdicts": [
            {
                "layer": "servers",
                "subject": "gpu-01",
                "level": "bad",
                "why": "no way",
                "hint": "",
                "server": "gpu-01",
                "unreachable": True,
            },
            {
                "layer": "clock",
                "subject": "gpu-02",
                "level": "ok",
                "why": "",
                "hint": "",
                "server": "",
                "unreachable": False,
            },
        ],
    }


def test_a_notebook_shows_what_servers_say_as_text() -> None:
    """A server that says `<script>` does not run one."""
    text = found(of(Layer.CLOCK, "<b>", Level.BAD, why="a\n<script>"))._repr_html_()
    assert "<script>" not in text
    assert "&lt;b&gt;" in text
    assert "a<br>&lt;script&gt;" in text
