"""`dcov quickstart` killed in each of its steps, and run again; then a master that boots."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from lab.command import Finished, begun, dcov, events
from lab.ground import APPLIED, NAMES, WORKERS, Ground, wait_until
from lab.planted import by_password, ssh_passwords
from lab.seen import left_behind, look

from dcov import Fleet
from dcov.tasks import quickstart
from fleetlab.server import Server

pytestmark = pytest.mark.timeout(1800)  # eleven runs are one story

GOOD = {"ok", "changed", "skipped"}
CONTAINERS = {
    "prometheus",
    "grafana",
    "cryptolabs-proxy",
    "ipmi-monitor",
    "vastai-exporter",
    "runpod-exporter",
}
PENDING = "ls /var/lib/dcov/journal/*/holder"
# Once it is so on the server, nobody there answers the controller any more: the step cannot end.
FREEZE = """
rm -f /run/dcov/results/*
until {so}; do sleep 0.01; done > /dev/null 2>&1
pkill -STOP -x sshd
touch /run/test-frozen
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a run is killed: in this step, once it is so on the server.

    `hangs` is a container of the master that answers nobody from the step before on, for a step
    that else might have nothing to wait for; it has not applied anything then.
    """

    step: str
    so: str
    server: str = "master"
    hangs: str = ""


MOMENTS = (
    Moment(step="install-prerequisites", so=APPLIED),
    Moment(step="setup-ssh-keys", so=PENDING, server="gpu-01"),
    Moment(step="deploy-core", so="docker container inspect prometheus"),
    Moment(step="install-exporters", so=APPLIED, server="gpu-03"),
    Moment(step="configure-prometheus", so="pgrep -x curl", hangs="prometheus"),
    Moment(step="import-dashboards", so="ls /etc/dc-overview/grafana/dashboards/*.json"),
    Moment(step="deploy-ipmi-monitor", so="docker container inspect ipmi-monitor"),
    Moment(step="deploy-marketplace-exporters", so="pgrep -fx 'docker pull .*'"),
    Moment(step="setup-proxy", so="docker container inspect cryptolabs-proxy"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run of quickstart, killed in `step` (the one that had begun and not ended) or whole."""

    step: str
    exit_code: int
    statuses: frozenset[str]
    notes: Mapping[str, tuple[str, ...]]
    """Of each server."""
    left: tuple[str, ...] = ()
    """What the kill left behind on the moment's server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Blank servers: a run killed in each step, one that ends, and one more."""

    config: Path
    killed: Mapping[str, Run]
    last: Run
    states: Mapping[str, str]
    left: tuple[str, ...]
    more: Mapping[str, Any]


@pytest.fixture(scope="module")
def story(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The site logs in by password: its fleet key is still to be made."""
    ground.blank(*NAMES)
    kept = (ground.lab.state / ".secrets.yaml").read_text()
    folder = tmp_path_factory.mktemp("site")
    config = ground.site(folder, config=by_password, secrets=kept + ssh_passwords(ground))
    killed = {moment.step: killed_run(ground, config, moment) for moment in MOMENTS}
    told = folder / "last.jsonl"
    done = dcov(config, "quickstart", "-y", "--events", str(told))
    yield Story(
        config=config,
        killed=killed,
        last=run_of(told, exit_code=done.returncode),
        states=states(ground.server("master")),
        left=tuple(path for name in NAMES for path in left_behind(ground.server(name))),
        more=report_of(dcov(config, "quickstart", "-y", "-o", "json")),
    )
    for name in WORKERS:  # nobody else would see the fleet key that it let in
        home = "/root" if ground.server(name).user == "root" else "/home/ops"
        ground.server(name).exec(["sed", "-i", "/ dcov-fleet$/d", f"{home}/.ssh/authorized_keys"])


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.step)
def test_a_run_was_killed_in_this_step(story: Story, moment: Moment) -> None:
    """It had begun and not ended, all before it was done, and it left something half done."""
    run = story.killed[moment.step]
    assert run.step == moment.step
    assert run.exit_code == -9
    assert run.statuses <= GOOD
    assert bool(run.left) is not bool(moment.hangs)


def test_every_step_was_killed() -> None:
    assert [moment.step for moment in MOMENTS] == list(quickstart.names)


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.step)
def test_the_next_run_takes_back_what_was_left(story: Story, moment: Moment) -> None:
    """Before it looks at anything there, and says so."""
    runs = [*story.killed.values(), story.last]
    notes = runs[MOMENTS.index(moment) + 1].notes.get(moment.server, ())
    assert any("took back what" in note for note in notes) is not bool(moment.hangs), notes


def test_the_last_run_ends_well(story: Story) -> None:
    """Every container is up, and nothing is left in temporary places."""
    assert (story.last.exit_code, story.last.step) == (0, "")
    assert story.last.statuses <= GOOD
    assert story.states == dict.fromkeys(CONTAINERS, "healthy")
    assert story.left == ()


def test_one_more_changes_nothing(story: Story) -> None:
    assert changes(story.more) == []


def test_health_is_green_and_a_master_that_boots_comes_up_by_itself(
    story: Story, ground: Ground
) -> None:
    """Containers, targets, the login, and the exporter that listens on the containers' bridge."""
    wait_until(lambda: dcov(story.config, "health").returncode == 0, within=60)
    fleet = Fleet.load(story.config)
    with fleet.prometheus as prometheus:
        scraped = {(item.job, item.instance) for item in prometheus.targets()}
    master = ground.server("master")
    began = datetime.now(tz=UTC)
    master.reboot()
    wait_until(lambda: states(master) == dict.fromkeys(CONTAINERS, "healthy"), within=120)
    base = f"https://{fleet.master.entry.login.address}"
    with pytest.warns(match="Unverified HTTPS"):
        assert requests.get(base, verify=False, timeout=10).status_code == 401
    wait_until(lambda: look(master).service("node_exporter").is_running)
    with fleet.prometheus as prometheus:

        def up() -> set[tuple[str, str]]:
            return {
                (item.job, item.instance)
                for item in prometheus.targets()
                if item.health == "up" and item.scraped_at and item.scraped_at > began
            }

        wait_until(lambda: up() == scraped, within=60)
    assert ("node", "master") in scraped
    wait_until(lambda: dcov(story.config, "health").returncode == 0, within=60)
    assert changes(report_of(dcov(story.config, "quickstart", "--dry-run", "-o", "json"))) == []


def killed_run(ground: Ground, config: Path, moment: Moment) -> Run:
    """Begin quickstart, and kill it at this moment."""
    server = ground.server(moment.server)
    told, said = (config.parent / f"{moment.step}.{suffix}" for suffix in ("jsonl", "txt"))
    child = begun(config, "quickstart", "-y", "--events", str(told), said=said)
    try:
        with hanging(ground.server("master"), moment, told=told), frozen(server, moment.so):
            wait_until(lambda: is_frozen(server) or child.poll() is not None, within=600)
            assert child.poll() is None, f"{moment.step} was too quick:\n{said.read_text()}"
            child.kill()
            child.wait()
    finally:
        child.kill()
        child.wait()
    return run_of(told, exit_code=child.returncode, left=tuple(left_behind(server)))


def run_of(told: Path, *, exit_code: int, left: tuple[str, ...] = ()) -> Run:
    """Read what a run told."""
    finished = [event for event in events(told) if event["kind"] == "server_finished"]
    notes: dict[str, tuple[str, ...]] = {}
    for event in finished:
        notes[event["server"]] = (*notes.get(event["server"], ()), *event["notes"])
    return Run(
        step=under_way(told),
        exit_code=exit_code,
        statuses=frozenset(event["status"] for event in finished),
        notes=notes,
        left=left,
    )


def under_way(told: Path) -> str:
    """The step that has begun and not ended."""
    step = ""
    for event in events(told):
        if event["kind"] == "step_started":
            step = event["step"]
        elif event["kind"] == "step_finished":
            step = ""
    return step


@contextmanager
def frozen(server: Server, so: str) -> Iterator[None]:
    """Have nobody answer on the server once it is so there, until the end."""
    script = FREEZE.format(so=so)
    unit = ["systemd-run", "--quiet", "--collect", "--unit=test-freezer"]
    server.exec([*unit, "sh", "-c", script])
    try:
        yield
    finally:
        server.exec(["systemctl", "stop", "test-freezer"], check=False)
        server.exec(["pkill", "-CONT", "-x", "sshd"])
        server.exec(["rm", "-f", "/run/test-frozen"])


def is_frozen(server: Server) -> bool:
    return not server.exec(["test", "-e", "/run/test-frozen"], check=False).returncode


@contextmanager
def hanging(master: Server, moment: Moment, *, told: Path) -> Iterator[None]:
    """Have the moment's container hang from the step before on."""
    if not moment.hangs:
        yield
        return
    before = MOMENTS[MOMENTS.index(moment) - 1].step
    wait_until(lambda: under_way(told) == before, within=600)
    # By `docker kill` the engine would hold it for stopped by hand, and not start it at a boot.
    shown = master.exec(["docker", "inspect", "-f", "{{.State.Pid}}", moment.hangs])
    master.exec(["kill", "-STOP", shown.stdout.strip()])
    try:
        yield
    finally:
        master.exec(["kill", "-CONT", shown.stdout.strip()])


def states(master: Server) -> dict[str, str]:
    """What each container's own check says, by its name, of whoever's they are."""
    form = "{{.Name}} {{.State.Health.Status}}"
    script = f"docker ps -aq | xargs -r docker inspect -f '{form}'"
    lines = master.exec(["sh", "-c", script], check=False).stdout.splitlines()
    return dict(line[1:].split(" ", 1) for line in lines)


def report_of(done: Finished) -> Mapping[str, Any]:
    """The report that a command printed as JSON."""
    assert done.returncode == 0, done.stderr
    report: Mapping[str, Any] = json.loads(done.stdout)
    return report


def changes(report: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What a run or a plan changed, step by step."""
    assert [step["task"] for step in report["steps"]] == list(quickstart.names)
    return [
        (step["task"], server["server"], change["resource"])
        for step in report["steps"]
        for server in step["servers"]
        for change in server["changes"]
        if change["action"] != "noop"
    ]
