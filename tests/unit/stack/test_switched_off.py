"""A component that is off, and one whose name is taken: what a deploy does about it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import sites
from found_master import FoundMaster, container, ours, surveyed
from one_machine import Machine
from sites import BARE, NO_CORE

from dcov import Context
from dcov.change import Action
from dcov.context import Skip
from dcov.errors import ContainerTakenError
from dcov.resources import AbsentPath, AbsentServices, File
from dcov.ssh.command import Argv
from dcov.stack import SHARED, Stack
from dcov.stack.paths import COMPOSE_FILE
from dcov.tasks import (
    configure_prometheus,
    deploy_core,
    deploy_ipmi_monitor,
    deploy_marketplace_exporters,
    import_dashboards,
)

Run = Callable[[Context], Any]
TASKS: dict[str, Run] = {
    "deploy-core": deploy_core,
    "import-dashboards": import_dashboards,
    "configure-prometheus": configure_prometheus,
    "deploy-ipmi-monitor": deploy_ipmi_monitor,
    "deploy-marketplace-exporters": deploy_marketplace_exporters,
}
MARKETS = f"{BARE}components: {{vast_exporter: true, ipmi_monitor: true}}\n"
RUNPOD = f"{BARE}runpod: {{enabled: true}}\nvast: {{enabled: false}}\n"
# The keys of the accounts are there, and would switch them on.
NO_MARKETS = "vast: {enabled: false}\nrunpod: {enabled: false}\n"
NOTHING = sites.NOTHING + NO_MARKETS
# Which task needs which of the two names for itself.
NEEDED = [
    (task, name)
    for name, other in (("prometheus", "import-dashboards"), ("grafana", "configure-prometheus"))
    for task in TASKS
    if task != other
]
OLDER = {"com.docker.compose.project": "dc-overview"}


class TestNamesThatAreTaken:
    """Somebody else's container of a name that dcov needs, as that of an older DC Overview."""

    @pytest.mark.parametrize(("task", "name"), NEEDED)
    def test_nothing_is_changed(self, task: str, name: str, tmp_path: Path) -> None:
        """Whichever task comes first: the compose file there may be theirs."""
        master = FoundMaster(survey=surveyed(container(name, **OLDER)))
        stack = master.stack(MARKETS, folder=tmp_path)
        with pytest.raises(ContainerTakenError, match="the compose project dc-overview") as found:
            TASKS[task](master.on(stack))
        assert found.value.container == name
        assert "dcov adopt" in found.value.remedy
        assert master.asked == []  # but for the look at the master

    def test_an_adopted_one_is_made_anew(self, tmp_path: Path) -> None:
        master = FoundMaster(survey=surveyed(container("prometheus", **OLDER)))
        stack = master.stack(f"{BARE}volumes: {{prometheus: their-data}}\n", folder=tmp_path)
        stack.require(*stack.components)
        assert stack.foundation()

    @pytest.mark.parametrize(
        ("config", "name"), [(MARKETS, "vastai-exporter"), (RUNPOD, "runpod-exporter")]
    )
    def test_an_exporter_of_a_marketplace_is_said_to_be_taken(
        self, config: str, name: str, tmp_path: Path
    ) -> None:
        """Not to be off; it does not hinder the other services."""
        master = FoundMaster(survey=surveyed(container(name)))
        stack = master.stack(config, folder=tmp_path)
        with pytest.raises(ContainerTakenError, match=f"{name} belongs to somebody else"):
            deploy_marketplace_exporters(master.on(stack))
        assert master.asked == []
        assert stack.foundation()

    def test_an_ipmi_monitor_of_somebody_else_is_used(self, tmp_path: Path) -> None:
        master = FoundMaster(survey=surveyed(container("ipmi-monitor")))
        ctx = master.on(master.stack(MARKETS, folder=tmp_path))
        deploy_ipmi_monitor(ctx)
        assert ctx.notes == ["uses the ipmi-monitor that runs here already (ipmi-monitor:1)"]


class TestNothingToDo:
    """Each task of a component that is off says so."""

    @pytest.mark.parametrize("task", TASKS)
    def test_it_is_skipped_with_the_reason(self, task: str, tmp_path: Path) -> None:
        master = FoundMaster()
        stack = master.stack(NOTHING, folder=tmp_path)
        master.answers = absent(stack)
        with pytest.raises(Skip, match=r"is (off|on)"):
            TASKS[task](master.on(stack))

    @pytest.mark.parametrize("task", TASKS)
    def test_so_it_is_without_an_engine(self, task: str, tmp_path: Path) -> None:
        master = FoundMaster(survey="")
        with pytest.raises(Skip):
            TASKS[task](master.on(master.stack(NOTHING, folder=tmp_path)))


class TestWithdrawn:
    """What dcov made of a component goes with it."""

    def test_it_goes_before_the_compose_file_forgets_it(self, tmp_path: Path) -> None:
        master = FoundMaster(survey=surveyed(ours("ipmi-monitor"), ours("grafana")))
        stack = master.stack(BARE + NO_MARKETS, folder=tmp_path)
        assert [item.name for item in stack.withdrawn] == ["ipmi-monitor"]
        wanted = stack.foundation()
        (services,) = (item for item in wanted if isinstance(item, AbsentServices))
        assert (services.names, services.file) == (("ipmi-monitor",), COMPOSE_FILE)
        (compose,) = (
            item for item in wanted if isinstance(item, File) and item.path == COMPOSE_FILE
        )
        assert wanted.index(services) < wanted.index(compose)
        assert "ipmi-monitor" not in compose.content.partition("services:")[2]
        assert gone(stack) == [
            "/etc/ipmi-monitor/servers.yaml",
            "/etc/dc-overview/secrets/ipmi-monitor.env",
            "/etc/dc-overview/secrets/vastai-exporter.env",
            "/etc/dc-overview/secrets/runpod-exporter.env",
        ]

    def test_a_neighbours_is_left_alone(self, tmp_path: Path) -> None:
        """Its servers.yaml as well, also where dcov once had one there."""
        master = FoundMaster(survey=surveyed(container("ipmi-monitor"), container("tenant")))
        stack = master.stack(BARE, folder=tmp_path)
        assert stack.withdrawn == ()
        assert "/etc/ipmi-monitor/servers.yaml" not in gone(stack)

    def test_with_the_core_go_all_of_its_containers(self, tmp_path: Path) -> None:
        names = ("prometheus", "grafana", "cryptolabs-proxy", "ipmi-monitor")
        master = FoundMaster(survey=surveyed(*map(ours, names)))
        stack = master.stack(NO_CORE, folder=tmp_path)
        assert [item.name for item in stack.withdrawn] == list(names[:3])

    def test_the_task_removes_it_and_names_what_stays(self, tmp_path: Path) -> None:
        """In a plan, too; the second time there is nothing."""
        survey = surveyed(
            ours("ipmi-monitor"),
            more='network\t{"name":"cryptolabs","driver":"bridge","scope":"local","ipam":null}\n',
        )
        master = FoundMaster(survey=survey)
        stack = master.stack(NOTHING, folder=tmp_path)
        master.answers = absent(stack)
        master.answers[_listing(stack)] = "ipmi-monitor\nvolatile:\nipmi-monitor\n"
        ctx = master.on(stack, planning=True)
        deploy_ipmi_monitor(ctx)
        assert ctx.notes == [
            "removed ipmi-monitor: the site has it no more; its volume ipmi-monitor-data stays"
        ]
        assert SHARED in stack.survey.networks

    def test_keys_of_a_container_that_is_gone_already_go_as_well(self, tmp_path: Path) -> None:
        master = FoundMaster()
        stack = master.stack(NOTHING, folder=tmp_path)
        master.answers = absent(stack)
        (keys,) = (
            item
            for item in stack.former()
            if isinstance(item, AbsentPath) and item.path.name == "runpod-exporter.env"
        )
        master.answers[tuple(keys.probe())] = "regular file\n"
        ctx = master.on(stack, planning=True)
        deploy_marketplace_exporters(ctx)
        assert ctx.fingerprints


ENGINE = """#!/bin/sh
# A stand-in for the engine and for compose: it writes down what it is told.
case $* in
"compose version") exit 0 ;;
"container ls"*) [ ! -e "$STATE" ] || echo ipmi-monitor ;;
"stop "*) ;;
"rm "*) rm "$STATE" ;;
*" up "*) cat "$3"; touch "$STATE" ;;
esac
echo "$*" >>"$STATE.log"
"""


def test_it_comes_back_with_its_former_file_when_the_rest_fails(tmp_path: Path) -> None:
    """Compose makes it anew from the file that still has it."""
    program, state = tmp_path / "bin" / "docker", tmp_path / "state"
    program.parent.mkdir()
    program.write_text(ENGINE)
    program.chmod(0o755)
    state.touch()
    file, keys, full = (tmp_path / name for name in ("compose.yml", "keys.env", "full"))
    file.write_text("former")
    keys.write_text("key")
    full.mkdir()
    (full / "file").touch()
    path = f"{program.parent}:{os.environ['PATH']}"
    machine = Machine(tmp_path, environment={"PATH": path, "STATE": str(state)})
    services = AbsentServices(
        project="dc-overview", file=PurePosixPath(file), names=("ipmi-monitor",)
    )
    wanted = (
        services,
        AbsentPath(path=PurePosixPath(keys)),
        File(path=PurePosixPath(file), content="new"),
    )
    changes, said = machine.try_to(*wanted, AbsentPath(path=PurePosixPath(full)))
    assert [change.action for change in changes[:2]] == [Action.DELETE] * 2
    assert " undone complete" in said
    assert (file.read_text(), keys.read_text(), state.exists()) == ("former", "key", True)
    (up,) = (
        line for line in (state.parent / "state.log").read_text().splitlines() if " up " in line
    )
    assert up.endswith("ipmi-monitor")

    machine.ensure(*wanted)
    assert (file.read_text(), keys.exists(), state.exists()) == ("new", False, False)
    assert [change.action for change in machine.plan(*wanted)] == [Action.NOOP] * 3


def absent(stack: Stack) -> dict[str | tuple[str, ...], Any]:
    """Answers by which nothing of a stack's foundation is there."""
    probes: list[Argv] = [item.probe() for item in (*stack.former(), *stack.foundation())]
    ledger = ("cat", "--", "/var/lib/dcov/stack/manifest")
    return {tuple(words): 1 for words in (*probes, ledger)}


def gone(stack: Stack) -> list[str]:
    """The files that go."""
    return [str(item.path) for item in stack.foundation() if isinstance(item, AbsentPath)]


def _listing(stack: Stack) -> tuple[str, ...]:
    (services,) = (item for item in stack.former() if isinstance(item, AbsentServices))
    return tuple(services.probe())
