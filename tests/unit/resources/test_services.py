"""Services: what is made anew, what is started, and what comes first."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from dcov.change import Action
from dcov.errors import ContainerTakenError
from dcov.resources import Services
from dcov.ssh.command import Finished

SERVICES = Services(
    project="site", file=PurePosixPath("/etc/site.yml"), digests={"web": "1", "db": "2"}
)
MADE = "/web|site|1\n/db|site|2\n"


def found(made: str, states: str) -> Finished:
    return Finished(command="probe", stdout=f"{made}volatile:\n{states}", stderr="", exit_code=0)


def verbs(made: str, states: str) -> list[tuple[str, ...]]:
    """The steps: `undo` and `settle` as they stand, then compose's verb and its services."""
    steps = SERVICES.apply(SERVICES.plan(found(made, states)))
    return [
        (*(word for word in step[:1] if word in {"undo", "settle"}), *_after_file(step))
        for step in steps
        if isinstance(step, tuple)
    ]


def _after_file(step: tuple[object, ...]) -> tuple[str, ...]:
    words = [str(word) for word in step]
    return tuple(words[words.index("/etc/site.yml") + 1 :])


def test_what_runs_stays() -> None:
    change = SERVICES.plan(found(MADE, "/web|running|healthy\n/db|running|\n"))
    assert (change.action, change.diff) == (Action.NOOP, ())


def test_a_new_one_is_removed_again_when_it_is_taken_back() -> None:
    states = "/db|running|\n"
    assert verbs("/db|site|2\n", states) == [("undo", "remove", "web"), ("up", "web")]


@pytest.mark.parametrize("state", ["exited", "created", "paused"])
def test_one_that_is_down_is_started(state: str) -> None:
    states = f"/web|{state}|\n/db|running|\n"
    assert verbs(MADE, states) == [("settle", "up", "web"), ("up", "web")]


@pytest.mark.parametrize("state", ["restarting", "dead"])
def test_one_that_does_not_stay_up_is_made_anew(state: str) -> None:
    """Starting it again would wait for the engine's next try."""
    states = f"/web|{state}|unhealthy\n/db|exited|\n"
    assert verbs(MADE, states) == [
        ("settle", "up", "web", "db"),
        ("remove", "web"),
        ("up", "web", "db"),
    ]


def test_one_of_another_project_is_never_replaced() -> None:
    with pytest.raises(ContainerTakenError, match="theirs"):
        SERVICES.plan(found("/web|theirs|1\n", "/web|running|\n"))
