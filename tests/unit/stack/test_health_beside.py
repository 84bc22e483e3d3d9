"""Health beside a proxy of somebody else's: nginx and curl are the real ones."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from found_master import FoundMaster, container, ours, surveyed
from own_nginx import LOOPBACK, Running, running
from sites import BARE

from dcov.ssh.command import Argv, Finished, Shell
from dcov.stack.health import Level, Verdict
from dcov.stack.health.containers import of_containers
from dcov.stack.health.front import behind_theirs
from dcov.stack.proxy import Proxy, Role

SITE = Proxy(
    site="x",
    names=("dc.example.com",),
    roles={"admin": Role.ADMIN},
    components=frozenset({"grafana", "prometheus", "ipmi-monitor"}),
)
MARKETS = "vast: {enabled: false}\nrunpod: {enabled: false}\n"


@dataclass(kw_only=True)
class Asking(FoundMaster):
    """A double of a master whose proxy is nginx on ports of this machine."""

    proxy: Running

    def run(self, command: Argv | Shell, **how: Any) -> Finished:
        """Ask as the command says, with the ports that nginx has here."""
        if not isinstance(command, Shell) or not command.startswith("curl "):
            return super().run(command, **how)
        text, ports = str(command), self.proxy.proxy
        for scheme, port in (("https", ports.https_port), ("http", ports.http_port)):
            text = text.replace(f"{scheme}://{LOOPBACK}/", f"{scheme}://{LOOPBACK}:{port}/")
        assert how["reads"]
        said = subprocess.run(
            ("sh", "-c", text), check=False, capture_output=True, text=True
        ).stdout
        return Finished(command=text, exit_code=0, stdout=said)


@pytest.fixture
def proxy() -> Iterator[Running]:
    with running(SITE, logins={"admin": "correct horse battery"}) as found:
        yield found


def verdicts(proxy: Running, folder: Path) -> list[Verdict]:
    theirs = container("cryptolabs-proxy"), container("ipmi-monitor")
    survey = surveyed(*theirs, *map(ours, ("prometheus", "grafana", "dcov-gate")))
    master = Asking(survey=survey, proxy=proxy)
    stack = master.stack(f"{BARE}components: {{ipmi_monitor: true}}\n{MARKETS}", folder=folder)
    return list(behind_theirs(master.on(stack, planning=True), stack=stack))


def test_a_route_that_asks_for_a_login_is_well(proxy: Running, tmp_path: Path) -> None:
    """Those of dcov's services alone: the IPMI Monitor is a neighbour's as well."""
    found = verdicts(proxy, tmp_path)
    assert [(item.subject, item.level, item.why) for item in found] == [
        ("/grafana/", Level.OK, "asks for a login"),
        ("/prometheus/", Level.OK, "asks for a login"),
    ]


def test_one_that_asks_nobody_is_not(proxy: Running, tmp_path: Path) -> None:
    """As when somebody took the login out of its configuration."""
    text = proxy.conf.read_text()
    proxy.conf.write_text(text.replace("auth_basic dcov;", "auth_basic off;"))
    proxy.process.send_signal(signal.SIGHUP)
    asked = (proxy.ask("/grafana/").status for _ in range(200))
    assert 200 in asked  # once the new workers answer
    found = verdicts(proxy, tmp_path)
    assert [item.level for item in found] == [Level.BAD, Level.BAD]
    assert "to somebody without a login https://127.0.0.1/grafana/ answers 200" in found[0].why
    assert "setup-proxy" in found[0].hint


def test_a_container_whose_name_dcov_needs_is_not_well(tmp_path: Path) -> None:
    """A proxy and an IPMI Monitor of somebody else's are used; a Prometheus is not."""
    here = ("prometheus", "cryptolabs-proxy", "ipmi-monitor")
    survey = surveyed(*map(container, here), ours("grafana"), ours("dcov-gate"))
    master = Looked(survey=survey)
    stack = master.stack(f"{BARE}components: {{ipmi_monitor: true}}\n{MARKETS}", folder=tmp_path)
    found = of_containers(master.on(stack, planning=True), stack=stack)
    said = {item.subject: (item.level, item.why, "adopt" in item.hint) for item in found}
    assert said == {
        "prometheus": (Level.BAD, "belongs to somebody else", True),
        "grafana": (Level.OK, "", False),
        "cryptolabs-proxy": (Level.OK, "somebody else's", False),
        "ipmi-monitor": (Level.OK, "somebody else's", False),
        "dcov-gate": (Level.OK, "", False),
    }


@dataclass(kw_only=True)
class Looked(FoundMaster):
    """A double of a master on which every container runs and is well."""

    def run(self, command: Argv | Shell, **how: Any) -> Finished:
        """Say so of each that is asked for."""
        if isinstance(command, Shell) or tuple(command[:3]) != ("docker", "container", "inspect"):
            return super().run(command, **how)
        rows = (f"/{name}|running|healthy|0\n" for name in command[5:])
        return Finished(command="inspect", exit_code=0, stdout="".join(rows))
