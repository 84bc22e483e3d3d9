"""Installing on blank servers: behind NAT, behind sudo with a password, behind a jump host."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pytest
import requests
from lab.command import Finished, dcov
from lab.ground import NAMES, NEW, OLD, Ground
from lab.seen import (
    differences,
    files,
    files_of,
    left_behind,
    look,
    main_pid,
    serves,
    sha256,
    version,
)

from dcov import Plan, Report, Status
from dcov.tasks import install_exporters

COLLECTOR = re.compile(r'^node_scrape_collector_success{collector="(\w+)"} 1$', re.MULTILINE)
FAMILY = re.compile(r"^# TYPE (node_\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Plan, apply, run again, plan again, over five blank servers."""

    blank: Mapping[str, Mapping[str, str]]
    planned: Mapping[str, Mapping[str, str]]
    plan: Plan
    applied: Report
    again: Report
    replanned: Plan
    told: Finished
    told_again: Finished


@pytest.fixture(scope="module")
def story(ground: Ground) -> Story:
    ground.blank(*NAMES)
    fleet = ground.fleet()
    servers = [ground.server(name) for name in NAMES]
    blank = files_of(servers)
    plan = fleet.plan(install_exporters)
    command = ("plan", "install-exporters", "--limit", "all", "--detailed-exitcode")
    return Story(
        blank=blank,
        told=dcov(ground.lab.config, *command),
        planned=files_of(servers),
        plan=plan,
        applied=plan.apply(),
        again=fleet.run(install_exporters),
        replanned=fleet.plan(install_exporters),
        told_again=dcov(ground.lab.config, *command),
    )


@pytest.mark.parametrize("name", NAMES)
class TestEachServer:
    """On each server, however it is reached."""

    def test_a_plan_changes_nothing(self, story: Story, name: str) -> None:
        """A plan leaves every file of the server as it was."""
        assert differences(story.blank[name], story.planned[name]) == {}

    def test_a_plan_of_a_blank_server_is_complete(
        self, story: Story, ground: Ground, name: str
    ) -> None:
        """Everything that will be made is in the plan with its diff; nothing is left unknown."""
        outcome = story.plan.report[name]
        assert outcome.status is Status.CHANGED
        needed = {change.resource: change for change in outcome.changes if change.needed}
        assert {change.action.value for change in needed.values()} == {"create"}
        assert all(change.diff for change in needed.values())
        unit = needed["file:/etc/systemd/system/node_exporter.service"]
        written = look(ground.server(name)).file("/etc/systemd/system/node_exporter.service")
        assert written.content_string == "".join(f"{line[1:]}\n" for line in unit.diff)
        binary = needed["binary:/usr/local/bin/node_exporter"]
        assert f"+sha256 {sha256(ground.program(OLD))}" in binary.diff
        assert "user:node_exporter" in needed
        assert "unit:node_exporter" in needed

    def test_it_runs(self, story: Story, ground: Ground, name: str) -> None:
        """The unit is active and enabled, runs the release's binary as its own user, answers."""
        server = ground.server(name)
        assert story.applied[name].status is Status.CHANGED, story.applied[name].why
        serves(server, version_=OLD, program=ground.program(OLD))
        host = look(server)
        user = host.user("node_exporter")
        assert user.shell == "/usr/sbin/nologin"
        assert user.groups == ["node_exporter"]
        binary = host.file("/usr/local/bin/node_exporter")
        assert (binary.user, binary.group, binary.mode) == ("root", "root", 0o755)
        status = host.file(f"/proc/{main_pid(server)}/status").content_string
        assert re.search(rf"^Uid:\s+{user.uid}\s", status, re.MULTILINE)
        assert left_behind(server) == []

    def test_a_second_run_changes_nothing(self, story: Story, name: str) -> None:
        """Where all runs already: one connection, two execs and one scrape, and nothing changed."""
        outcome = story.again[name]
        assert outcome.status is Status.OK
        assert not [change for change in outcome.changes if change.needed]
        cost = outcome.cost
        assert (cost.connections, cost.execs, cost.channels) == (1, 2, 1)
        assert (cost.uploaded, cost.attempts) == (0, 1)

    def test_a_plan_afterwards_is_empty(self, story: Story, name: str) -> None:
        """What was applied is what was planned: there is nothing left to do."""
        assert story.replanned.report[name].status is Status.OK
        assert not story.replanned.has_changes

    def test_the_unit_file_is_right(self, story: Story, ground: Ground, name: str) -> None:
        """systemd has nothing to say against the unit file."""
        path = "/etc/systemd/system/node_exporter.service"
        said = look(ground.server(name)).run(f"systemd-analyze verify {path}")
        assert (said.rc, said.stdout, said.stderr) == (0, "", "")

    def test_the_sandbox_hides_no_metric(self, story: Story, ground: Ground, name: str) -> None:
        """Every collector and every metric that works for this user works in the sandbox too."""
        server = ground.server(name)
        bare = (
            "setpriv --reuid=node_exporter --regid=node_exporter --clear-groups"
            " /usr/local/bin/node_exporter --web.listen-address=127.0.0.1:9199 2>/dev/null &"
            " pid=$!; until curl -fsS http://127.0.0.1:9199/metrics; do sleep 0.1; done; kill $pid"
        )
        without = server.exec(["sh", "-c", bare]).stdout
        within = server.exec(["curl", "-fsS", "http://127.0.0.1:9100/metrics"]).stdout
        assert len(COLLECTOR.findall(without)) > 20
        assert set(COLLECTOR.findall(without)) - set(COLLECTOR.findall(within)) == set()
        assert set(FAMILY.findall(without)) - set(FAMILY.findall(within)) == set()


def test_the_exit_code_tells_whether_anything_is_to_be_done(story: Story) -> None:
    """`dcov plan --detailed-exitcode` ends with 5 on blank servers, and with 0 after the apply."""
    assert story.told.returncode == 5, story.told.stderr
    assert story.told_again.returncode == 0, story.told_again.stdout
    for name in NAMES:
        assert name in story.told.stdout
    assert "incomplete" not in story.told.stdout


def test_the_port_answers_from_outside(story: Story, ground: Ground) -> None:
    """Others reach the exporter, behind NAT under the port that the site declares."""
    for name in ("master", "gpu-01", "gpu-02", "gpu-03"):
        server = ground.server(name)
        url = f"http://{server.address}:{server.outside(9100)}/metrics"
        assert f'version="{OLD}"' in requests.get(url, timeout=10).text
    url = f"http://{ground.server('gpu-04').address}:9100/metrics"
    assert f'version="{OLD}"' in ground.server("master").exec(["curl", "-fsS", url]).stdout


def test_a_server_without_a_gpu_gets_no_gpu_exporter(story: Story) -> None:
    """An exporter that does not apply is left out, and that is said."""
    for outcome in story.applied.outcomes:
        assert "dc-exporter skipped: no GPU here" in outcome.notes


def test_a_stale_plan_is_refused_on_that_server_only(ground: Ground) -> None:
    """A server that changed after the plan is refused and left alone; the others go on."""
    ground.installed("gpu-02", "gpu-04")
    upgrade = ground.fleet("gpu-02", "gpu-04").plan(
        install_exporters, exporters=["node"], versions=[f"node_exporter={NEW}"]
    )
    changed = ground.server("gpu-02")
    unit = "/etc/systemd/system/node_exporter.service"
    changed.exec(["sh", "-c", f"echo '# by hand' >>{unit}"])
    before = files(changed)
    pid = main_pid(changed)
    report = upgrade.apply()
    assert (report["gpu-02"].status, report["gpu-02"].code) == (Status.FAILED, "stale-plan")
    assert report["gpu-02"].hint == "plan again and look at the new diff"
    assert differences(before, files(changed)) == {}
    assert main_pid(changed) == pid
    assert report["gpu-04"].status is Status.CHANGED
    assert version(ground.server("gpu-04")) == NEW
    changed.exec(["sed", "-i", "/by hand/d", unit])
    changed.exec(["systemctl", "daemon-reload"])
    ground.installed("gpu-02", "gpu-04")
