"""`dcov reload-prometheus` is there beside the other verbs, and runs the task of its name."""

from __future__ import annotations

import pytest


@pytest.mark.usefixtures("site")
def test_it_runs_the_task_on_the_master_alone(dcov) -> None:
    """This master runs no Prometheus, so what it meets is the task's own failure."""
    said = dcov("reload-prometheus", "--json")
    assert (said.code, said.data["task"]) == (3, "reload-prometheus")
    assert [(one["server"], one["status"]) for one in said.data["servers"]] == [("head", "failed")]
