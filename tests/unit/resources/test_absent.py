"""What is removed by its label, and what is left to others; the answers are a real engine's."""

from __future__ import annotations

import pytest

from dcov.change import Action
from dcov.resources import AbsentNetwork, AbsentServices, AbsentVolume, CurrentImage
from dcov.ssh.command import Finished
from dcov.stack.paths import COMPOSE_FILE

SITE = "io.dcov.site"
NETWORK = (
    '{"driver":"bridge","labels":{"io.dcov.site":"Lab"},'
    '"ipam":[{"Subnet":"172.30.0.0/16","Gateway":"172.30.0.1"}]}\n'
)
OTHERS = '{"driver":"bridge","labels":{},"ipam":[{"Subnet":"172.30.0.0/16"}]}\n'
OLD = "registry.lab.example:5000/prometheus:2.42.0|sha256:" + "5" * 64


def answer(stdout: str, *, exit_code: int = 0) -> Finished:
    return Finished(command="probe", exit_code=exit_code, stdout=stdout)


@pytest.mark.parametrize(
    ("found", "action", "reason"),
    [
        (answer("", exit_code=1), Action.NOOP, ""),
        (answer(NETWORK), Action.DELETE, ""),
        (answer(NETWORK + "tenant\n"), Action.NOOP, "kept: tenant is on it"),
        (answer(OTHERS), Action.NOOP, "dcov did not make it"),
    ],
)
def test_a_network(found: Finished, action: Action, reason: str) -> None:
    """One with our label that nobody else is on goes, and is made again when it is taken back."""
    wanted = AbsentNetwork(name="cryptolabs", label=SITE)
    change = wanted.plan(found)
    assert (change.action, change.reason) == (action, reason)
    if change.needed:
        undo, remove = wanted.apply(change)
        assert remove == ("docker", "network", "rm", "cryptolabs")
        assert undo == (
            *("undo", "docker", "network", "create", "--driver", "bridge"),
            *("--label", "io.dcov.site=Lab", "--subnet", "172.30.0.0/16"),
            *("--gateway", "172.30.0.1", "cryptolabs"),
        )


@pytest.mark.parametrize(
    ("found", "action"),
    [
        (answer("\n", exit_code=1), Action.NOOP),
        (answer('{"io.dcov.site":"Lab"}\n'), Action.DELETE),
        (answer('{"io.dcov.site":"Lab"}\ntenant\n'), Action.NOOP),
        (answer("null\n"), Action.NOOP),
    ],
)
def test_a_volume(found: Finished, action: Action) -> None:
    """There is no way back from that, so it goes when nothing can be taken back any more."""
    wanted = AbsentVolume(name="grafana-data", label=SITE)
    change = wanted.plan(found)
    assert change.action is action
    if change.needed:
        assert wanted.apply(change) == (
            ("note", "finally", "docker", "volume", "rm", "grafana-data"),
        )


def test_services() -> None:
    """Those that ran run again when it is taken back; those that did not stay stopped."""
    wanted = AbsentServices(project="dc-overview", file=COMPOSE_FILE)
    assert wanted.plan(answer("volatile:\n")).action is Action.NOOP
    change = wanted.plan(answer("grafana\nprometheus\nvolatile:\nprometheus\n"))
    assert change.diff == ("-container grafana (it does not run)", "-container prometheus")
    settle, stop, remove = wanted.apply(change)
    assert settle[0] == "settle"
    assert settle[-2:] == ("up", "prometheus")
    assert stop[-2:] == remove[-2:] == ("grafana", "prometheus")


def test_an_image_whose_tag_moved() -> None:
    """The tag leads back to the former image when it is taken back."""
    image = OLD.partition("|")[0]
    wanted = CurrentImage(service="prometheus", image=image, file=COMPOSE_FILE)
    was = f"sha256:{'5' * 64}|null\n"
    assert wanted.plan(answer(f"{OLD}\n{was}{was}")).action is Action.NOOP
    labels = '{"org.opencontainers.image.version":"2.43.0"}'
    change = wanted.plan(answer(f"{OLD}\n{was}sha256:{'6' * 64}|{labels}\n"))
    assert change.diff == (f"-{image} 555555555555", f"+{image} 666666666666 2.43.0")
    undo, *rest = wanted.apply(change)
    assert undo == ("undo", "docker", "tag", "555555555555", image)
    assert len(rest) == 2
