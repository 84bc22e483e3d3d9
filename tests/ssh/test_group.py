"""Groups of a server, made and taken away, in an /etc of this process's own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from ssh.fleets import Yard, only

from dcov import Context, Status, task
from dcov.resources import AbsentGroup, Group, User

LINE = "old-crew:x:987:daemon,bin\n"


@pytest.fixture(autouse=True)
def crew(own_machine: bool) -> Iterator[None]:  # noqa: FBT001  # a fixture
    """A group with two members."""
    if not own_machine:
        pytest.skip("makes groups, so it needs root and an /etc of its own")
    subprocess.run(("groupadd", "--system", "--gid", "987", "old-crew"), check=True)
    subprocess.run(("gpasswd", "-M", "daemon,bin", "old-crew"), check=True)
    yield
    for name in ("old-crew", "new-crew"):
        subprocess.run(("groupdel", name), check=False, capture_output=True)


def group(name: str) -> str:
    done = subprocess.run(("getent", "group", name), capture_output=True, text=True, check=False)
    return done.stdout


def test_a_group_that_was_removed_comes_back_with_its_members(yard: Yard) -> None:
    """When the task raises, and the one that was made is gone."""

    @task(on="all")
    def change(ctx: Context, *, fails: bool) -> None:
        """Have one crew in the other's place."""
        ctx.ensure(AbsentGroup(name="old-crew"), Group(name="new-crew"))
        if fails:
            raise RuntimeError("no crew")

    fleet = yard.fleet()
    failed = only(fleet.run(change, fails=True))
    assert (failed.status, failed.rollback) == (Status.FAILED, "complete")
    assert (group("old-crew"), group("new-crew")) == (LINE, "")
    assert only(fleet.run(change, fails=False)).status is Status.CHANGED
    assert group("old-crew") == ""
    assert group("new-crew").startswith("new-crew:x:")
    assert only(fleet.run(change, fails=False)).status is Status.OK


def test_a_user_may_be_in_a_group_that_the_same_step_makes(yard: Yard) -> None:
    @task(on="all")
    def join(ctx: Context) -> None:
        """Put a user that is there into a new group."""
        ctx.ensure(Group(name="new-crew"), User(name="daemon", groups=("new-crew",)))

    assert only(yard.fleet().run(join)).status is Status.CHANGED
    assert group("new-crew").endswith(":daemon\n")
