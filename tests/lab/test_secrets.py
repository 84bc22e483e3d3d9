"""Passwords go to the server that asks for them, and nowhere else."""

from __future__ import annotations

import json
import logging
import traceback
from pathlib import Path

import pytest
from lab.ground import Ground
from lab.planted import by_password, containing, passwords_of, ssh_passwords, watched
from rich.console import Console

from dcov import Fleet, Status
from dcov.events import Event
from dcov.tasks import install_exporters, remove_exporters

NAMES = ("master", "gpu-03", "gpu-04")  # plain, behind sudo, behind a jump host: all by password


@pytest.fixture
def passwords(ground: Ground) -> dict[str, dict[str, str]]:
    return passwords_of(ground)


def written(ground: Ground, *, sudo: str) -> str:
    """Its .secrets.yaml."""
    return f'{ssh_passwords(ground)}server_sudo_passwords:\n  gpu-03: "{sudo}"\n'


def test_the_look_at_processes_sees_them(ground: Ground) -> None:
    """The test's own eyes: a password in the arguments of a short command is noticed."""
    with watched({"planted-in-argv"}) as found:
        ground.server("gpu-03").exec(["sh", "-c", "sleep 0.5", "planted-in-argv"])
    assert found


def test_a_password_is_nowhere_to_be_seen(
    ground: Ground,
    tmp_path: Path,
    home: Path,
    passwords: dict[str, dict[str, str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not in logs, events, records, plans, reports and diffs, nor in any process on either end."""
    ground.blank(*NAMES)
    secrets = {passwords[name][user] for name in passwords for user in passwords[name]}
    site = ground.site(
        tmp_path, config=by_password, secrets=written(ground, sudo=passwords["gpu-03"]["ops"])
    )
    heard: list[Event] = []
    fleet = Fleet.load(site).where(":".join(NAMES)).using(listeners=(heard.append,))
    caplog.set_level(logging.DEBUG)
    with watched(secrets) as found:
        plan = fleet.plan(install_exporters)
        report = plan.apply()
        remove = fleet.run(remove_exporters)
    assert {outcome.status for outcome in report.outcomes} == {Status.CHANGED}
    assert {outcome.status for outcome in remove.outcomes} == {Status.CHANGED}
    assert found == set()

    console = Console(record=True, width=200, file=(tmp_path / "console").open("w"))
    for shown in (plan, report, remove):
        console.print(shown)
    console.file.close()
    texts = {
        "logs": caplog.text,
        "events": "\n".join(event.to_json() for event in heard),
        "plan": json.dumps(plan.to_dict()) + repr(plan),
        "report": json.dumps(report.to_dict()) + repr(report) + report._repr_html_(),
        "console": console.export_text(),
        "fleet": repr(fleet) + repr(fleet.site) + repr(fleet.servers) + repr(list(fleet)),
    }
    for name, text in texts.items():
        assert text
        assert not [secret for secret in secrets if secret in text], name
    assert not containing(home / "state", secrets)
    assert not containing(home / "cache" / "dcov", secrets)
    for name in NAMES:
        server = ground.server(name)
        server.exec(["tee", "/run/test-secrets"], input="\n".join(sorted(secrets)) + "\n")
        places = ["/etc", "/var/lib/dcov", "/var/log", "/run/dcov", "/tmp", "/root", "/home"]
        grep = ["grep", "-rlF", "--exclude=first-boot.sh", "-f", "/run/test-secrets", *places]
        assert server.exec(grep, check=False).stdout == ""
        journal = "journalctl --no-pager | grep -cF -f /run/test-secrets"
        assert server.exec(["sh", "-c", journal], check=False).stdout.strip() == "0"
        server.exec(["rm", "/run/test-secrets"])


def test_a_password_in_a_servers_output_is_masked(
    ground: Ground, tmp_path: Path, home: Path, passwords: dict[str, dict[str, str]]
) -> None:
    """What a server itself says is masked wherever it holds a password that dcov knows."""
    secret = passwords["gpu-03"]["ops"]
    server = ground.server("gpu-03")
    server.exec(["tee", "/root/told"], input=f"the password is {secret}\n")
    report = ground.fleet("gpu-03").sh("cat /root/told; cat /root/told >&2; exit 3", as_root=True)
    server.exec(["rm", "/root/told"])
    said = json.dumps(report.to_dict())
    assert "the password is ***" in said
    assert secret not in said
    assert not containing(home / "state", {secret})


def test_a_wrong_password_is_not_told_either(
    ground: Ground, tmp_path: Path, home: Path, passwords: dict[str, dict[str, str]]
) -> None:
    """The error says that sudo refused the password, and not which one it was."""
    wrong = "Wrong-Password-7431"
    site = ground.site(tmp_path, secrets=f'server_sudo_passwords:\n  gpu-03: "{wrong}"\n')
    report = Fleet.load(site).where("gpu-03").run(install_exporters)
    outcome = report["gpu-03"]
    assert (outcome.status, outcome.code) == (Status.FAILED, "sudo-password"), outcome.why
    assert outcome.hint
    assert isinstance(outcome.error, BaseException)
    words = "".join(traceback.format_exception(outcome.error))
    assert wrong not in words + repr(outcome.error) + repr(report) + json.dumps(report.to_dict())
    assert not containing(home / "state", {wrong})
