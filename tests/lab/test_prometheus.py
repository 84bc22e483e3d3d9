"""A stock Prometheus on the master scrapes the whole fleet, and keeps what is its owner's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from lab.ground import NAMES, WORKERS, Ground, wait_until
from lab.seen import differences, files, look, main_pid

from dcov import Fleet, Plan, Report, Status
from dcov.tasks import configure_prometheus

CONFIG = "/etc/prometheus/prometheus.yml"
URL = "http://127.0.0.1:9090"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A blank master with Debian's Prometheus, a little quicker: planned, configured twice."""

    stock: str
    pid: int
    before: Mapping[str, str]
    planned: Mapping[str, str]
    plan: Plan
    first: Report
    second: Report


@pytest.fixture(scope="module")
def story(ground: Ground) -> Story:
    ground.blank("master")
    ground.installed(*NAMES)
    fleet, master = ground.fleet("master"), ground.with_prometheus()
    master.exec(["sed", "-i", "s/15s/3s/", CONFIG])
    master.exec(["systemctl", "restart", "prometheus"])
    stock = look(master).file(CONFIG).content_string
    pid = main_pid(master, "prometheus")
    before = files(master)
    plan = fleet.plan(configure_prometheus, file=CONFIG)
    return Story(
        stock=stock,
        pid=pid,
        before=before,
        planned=files(master),
        plan=plan,
        first=fleet.run(configure_prometheus, file=CONFIG),
        second=fleet.run(configure_prometheus, file=CONFIG),
    )


@pytest.fixture
def fleet(ground: Ground, story: Story) -> Fleet:
    """The fleet, whose Prometheus is configured."""
    assert story.first["master"].status is Status.CHANGED, story.first["master"].why
    return ground.fleet()


def up(fleet: Fleet) -> dict[str, float]:
    """What the real Prometheus says of our targets."""
    samples = fleet.prometheus_at(URL).query('up{site!=""}')
    return {sample.labels["instance"]: sample.value for sample in samples}


def test_a_plan_changes_nothing(story: Story) -> None:
    """Its diff shows the new lines of the configuration, which stays as it is."""
    assert differences(story.before, story.planned) == {}
    changes = {change.resource: change for change in story.plan.report["master"].changes}
    assert any("dcov: begin" in line for line in changes[f"file:{CONFIG}"].diff)
    assert changes["reload:prometheus"].action.value == "unknown"


def test_every_target_is_up(fleet: Fleet) -> None:
    """Each server is scraped, behind NAT too, with its name, site, role and kind of exporter."""
    wait_until(lambda: set(up(fleet).values()) == {1.0}, within=40)
    samples = fleet.prometheus_at(URL).query('up{site!=""}')
    labels = {sample.labels["instance"]: sample.labels for sample in samples}
    assert set(labels) == set(NAMES)
    for name in NAMES:
        assert labels[name]["job"] == "node"
        assert labels[name]["site"] == fleet.site.name
        assert labels[name]["role"] == ("master" if name == "master" else "worker")
    machines = fleet.prometheus_at(URL).query('node_uname_info{site!=""}')
    assert {item.labels["instance"]: item.labels["nodename"] for item in machines} == {
        name: name for name in NAMES
    }


def test_what_was_there_is_kept_to_the_byte(fleet: Fleet, ground: Ground, story: Story) -> None:
    """Outside the two marker lines nothing is changed, and Prometheus was not restarted."""
    lines = look(ground.server("master")).file(CONFIG).content_string.splitlines(keepends=True)
    begin = next(number for number, line in enumerate(lines) if "# dcov: begin" in line)
    end = next(number for number, line in enumerate(lines) if "# dcov: end" in line)
    assert "".join(lines[:begin] + lines[end + 1 :]) == story.stock
    assert main_pid(ground.server("master"), "prometheus") == story.pid


def test_the_jobs_that_were_there_are_still_scraped(fleet: Fleet) -> None:
    """Jobs of the distribution's own configuration; each has its own place in the interval."""

    def stock_jobs() -> set[str]:
        return {sample.labels["job"] for sample in fleet.prometheus_at(URL).query('up{site=""}')}

    wait_until(lambda: stock_jobs() == {"prometheus", "node"}, within=40)


def test_a_second_run_changes_nothing(story: Story) -> None:
    """Status ok, no change, and nobody waits for another scrape."""
    outcome = story.second["master"]
    assert outcome.status is Status.OK, outcome.why
    assert not [change for change in outcome.changes if change.needed]
    assert outcome.seconds < 10


def test_a_broken_configuration_is_refused(
    fleet: Fleet, ground: Ground, story: Story, tmp_path: Path
) -> None:
    """promtool has the last word before anything is replaced, and its words are the cause."""
    site = ground.site(tmp_path)
    template = tmp_path / "templates" / "prometheus" / "scrape.yml.j2"
    template.parent.mkdir(parents=True)
    template.write_text("- job_name: dcov\n  scrape_interval: every now and then\n")
    master = ground.server("master")
    before = files(master)
    outcome = Fleet.load(site).where("master").run(configure_prometheus, file=CONFIG)["master"]
    assert (outcome.status, outcome.code) == (Status.FAILED, "content-refused"), outcome.why
    assert "every now and then" in outcome.why
    assert outcome.hint
    assert outcome.rollback == "complete"
    assert differences(before, files(master)) == {}
    assert set(up(fleet)) == set(NAMES)


@pytest.fixture
def silent(ground: Ground) -> Iterator[str]:
    """A server whose exporter has been stopped."""
    server = ground.server("gpu-02")
    server.exec(["systemctl", "stop", "node_exporter"])
    yield "gpu-02"
    server.exec(["systemctl", "start", "node_exporter"])


def test_a_silent_exporter_stays_a_target(fleet: Fleet, silent: str) -> None:
    """It turns 0 and does not vanish; configuring again does not fail for it, and names it."""
    wait_until(lambda: up(fleet).get(silent) == 0.0, within=40)
    assert set(up(fleet)) == set(NAMES)
    outcome = fleet.where("master").run(configure_prometheus, file=CONFIG)["master"]
    assert outcome.status is Status.OK, outcome.why
    assert any(f"{silent} (node) is down" in note for note in outcome.notes)
    assert silent not in " ".join(
        note for note in outcome.notes if any(name in note for name in set(WORKERS) - {silent})
    )
