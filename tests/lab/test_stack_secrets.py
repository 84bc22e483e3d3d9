"""What quickstart does with passwords and keys: each goes to the one place that needs it."""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from lab.command import Command
from lab.ground import NAMES, Ground
from lab.planted import by_password, containing, passwords_of, ssh_passwords, watched
from rich.console import Console

from dcov import Fleet
from dcov.events import Event
from dcov.tasks import quickstart
from fleetlab.server import Server

pytestmark = pytest.mark.timeout(1200)  # the story begins with blank servers

# These images take them by environment alone: whoever may ask the engine can read them.
EXCEPTIONS = {
    ("ipmi-monitor", "ADMIN_PASS"),
    ("ipmi-monitor", "AI_LICENSE_KEY"),
    ("vastai-exporter", "VASTAI_API_KEYS"),
    ("runpod-exporter", "RUNPOD_API_KEYS"),
}
# Path, mode and owner; who reads it.
FILES = {
    "/etc/dc-overview/secrets/grafana/admin_password": "640 root:root",  # Grafana: uid 472, gid 0
    "/etc/dc-overview/secrets/ipmi-monitor.env": "600 root:root",  # compose, as root
    "/etc/dc-overview/secrets/runpod-exporter.env": "600 root:root",
    "/etc/dc-overview/secrets/vastai-exporter.env": "600 root:root",
    "/etc/ipmi-monitor/servers.yaml": "600 root:root",  # IPMI Monitor: its container's uid 0
}
# What the engine itself keeps, of containers and of how they were started.
ENGINE = ("/run/containerd/", "/run/docker/", "/var/lib/containerd/")
LOOK = """
grep -rlsF -D skip -f - /etc /run /tmp /dev/shm /root /home /opt /srv /usr/local \
    /var/[!lr]* /var/log /var/lib/[!d]* /var/lib/d[!o]*
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A blank site planned and deployed; then all that may change is changed, and deployed again.

    `texts` are everything that was said, by what said it.
    """

    site: Path
    old: frozenset[str]
    """Secrets that are in force no more."""
    new: frozenset[str]
    texts: Mapping[str, str]
    seen: frozenset[str]
    """What processes had in their arguments and environments, on both ends."""

    @property
    def all(self) -> frozenset[str]:
        return self.old | self.new


@pytest.fixture(scope="module")
def story(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    ground.blank(*NAMES)
    folder = tmp_path_factory.mktemp("site")
    before = planted(ground)
    after = {**planted(ground), "grafana_password": before["grafana_password"]}
    login = ssh_passwords(ground) + sudo_passwords(ground)
    config = ground.site(folder, config=by_password, secrets=yaml.safe_dump(before) + login)
    told = folder.with_name("events.jsonl")
    dcov = Command(config=config)
    every = values(before) | values(after) | values(yaml.safe_load(login))
    with watched(every) as seen:
        said = {
            "plan": dcov("quickstart", "--dry-run", "--diff", "-v"),
            "run": dcov("quickstart", "-y", "-v", "--diff", "--events", str(told)),
            "runs show": dcov("runs", "show", "--diff", "-v"),
            "runs show -o json": dcov("runs", "show", "-o", "json"),
        }
        (folder / ".secrets.yaml").write_text(yaml.safe_dump(after) + login)
        again = from_python(config)
    bad = {name: done.stderr for name, done in said.items() if done.returncode}
    assert not bad, bad
    yield Story(
        site=config,
        old=frozenset(every - values(after) - values(yaml.safe_load(login))),
        new=frozenset(values(after) | values(yaml.safe_load(login))),
        texts={
            **{f"{name}: stdout": done.stdout for name, done in said.items()},
            **{f"{name}: stderr": done.stderr for name, done in said.items() if done.stderr},
            "events": told.read_text(),
            **again,
        },
        seen=frozenset(seen),
    )
    ground.blank("master")  # Grafana's password and the keys are not the lab's


@pytest.fixture
def master(story: Story, ground: Ground) -> Server:
    return ground.server("master")


def test_no_secret_is_told(story: Story) -> None:
    """Not in plans with their diffs, output, reports, HTML or events."""
    for name, text in story.texts.items():
        assert text.strip(), name
        assert not [secret for secret in story.all if secret in text], name


def test_no_secret_is_kept_here(story: Story, home: Path) -> None:
    """Not in the run records nor the cache; .secrets.yaml alone has them."""
    assert list((home / "state").rglob("report.json"))
    assert not containing(home / "state", story.all)
    assert not containing(home / "cache" / "dcov", story.all)
    assert containing(story.site.parent, story.all) == [story.site.parent / ".secrets.yaml"]


def test_no_process_is_given_a_secret_but_the_named_ones(story: Story) -> None:
    """None in any argument, of the master's processes and containers or of dcov's own."""
    assert story.seen == {f"environ {variable}" for _, variable in EXCEPTIONS}


def test_docker_inspect_shows_the_named_exceptions_alone(story: Story, master: Server) -> None:
    """And of these only what is in force."""
    found = set()
    for container in inspected(master):
        for line in container["Config"]["Env"]:
            if any(secret in line for secret in story.new):
                found.add((container["Name"][1:], line.partition("=")[0]))
        container["Config"]["Env"] = []
        text = json.dumps(container)
        assert not [secret for secret in story.all if secret in text], container["Name"]
    assert found == EXCEPTIONS


def test_containers_say_no_secret(story: Story, master: Server) -> None:
    script = 'for id in $(docker ps -aq); do docker logs "$id" 2>&1; done'
    logs = master.exec(["sh", "-c", script]).stdout
    assert logs
    assert not [secret for secret in story.all if secret in logs]


def test_files_with_a_secret_are_these(story: Story, master: Server) -> None:
    """One that is in force no more is in none of them, nor in what was kept for going back."""
    assert not holding(master, story.old)
    found = [path for path in holding(master, story.new) if not path.startswith(ENGINE)]
    stat = ["stat", "-c", "%a %U:%G"]
    assert {path: master.exec([*stat, path]).stdout.strip() for path in found} == FILES


@pytest.mark.parametrize("group", ["nogroup", "root"])
def test_nobody_but_root_can_read_them(story: Story, master: Server, group: str) -> None:
    """Neither a user of the master nor one in root's group."""
    user = ("setpriv", "--reuid=nobody", f"--regid={group}", "--clear-groups")
    assert master.exec([*user, "cat", "/etc/hostname"]).stdout
    assert not holding(master, story.all, *user)


def test_the_journal_has_none(story: Story, master: Server) -> None:
    journal = master.exec(["journalctl", "--no-pager", "--all"]).stdout
    assert "sshd" in journal
    assert not [secret for secret in story.all if secret in journal]


def holding(master: Server, wanted: Collection[str], *user: str) -> list[str]:
    """The files of the master that hold one of these, as this user can see it."""
    patterns = "".join(f"{secret}\n" for secret in sorted(wanted))
    return master.exec([*user, "sh", "-c", LOOK], input=patterns, check=False).stdout.splitlines()


def sudo_passwords(ground: Ground) -> str:
    """The lines of .secrets.yaml for the worker whose sudo asks."""
    server = ground.server("gpu-03")
    return f'server_sudo_passwords:\n  gpu-03: "{passwords_of(ground)["gpu-03"][server.user]}"\n'


def planted(ground: Ground) -> dict[str, Any]:
    """Every other key of .secrets.yaml, with values of which no two are alike."""

    def value() -> str:
        return f"Planted-{secrets.token_urlsafe(15)}"

    return {
        "fleet_admin_pass": value(),
        "bmc_password": value(),
        "grafana_password": value(),
        "ipmi_monitor_password": value(),
        "ipmi_ai_license": value(),
        "vast_api_keys": [{"name": "one", "key": value()}, {"name": "two", "key": value()}],
        "runpod_api_keys": [{"name": "one", "key": value()}],
        "server_bmc_passwords": {"gpu-01": value()},
    }


def values(data: Any) -> set[str]:
    """Every secret in what .secrets.yaml says."""
    if isinstance(data, dict):
        return {one for key, item in data.items() if key != "name" for one in values(item)}
    if isinstance(data, list):
        return {one for item in data for one in values(item)}
    return {str(data)}


def from_python(config: Path) -> dict[str, str]:
    """Plan and run it once more, and return all that the objects show of it."""
    heard: list[Event] = []
    fleet = Fleet.load(config).using(listeners=(heard.append,), deadline=600)
    plan = fleet.plan(quickstart)
    report = plan.apply()
    assert report["master"].status == "changed", report["master"].why
    console = Console(record=True, width=200, file=io.StringIO())
    for shown in (plan, report, *report.steps):
        console.print(shown)
    return {
        "listener": "\n".join(event.to_json() for event in heard),
        "Plan": json.dumps(plan.to_dict()) + repr(plan) + plan._repr_html_(),
        "Report": json.dumps(report.to_dict()) + repr(report) + report._repr_html_(),
        "console": console.export_text(),
        "Fleet": repr(fleet) + repr(fleet.site) + repr(fleet.servers) + repr(list(fleet)),
    }


def inspected(master: Server) -> list[dict[str, Any]]:
    """What the engine says of every container."""
    said = master.exec(["sh", "-c", "docker ps -aq | xargs docker inspect"]).stdout
    found: list[dict[str, Any]] = json.loads(said)
    assert found
    return found
