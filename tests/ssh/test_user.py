"""A user of a server that is taken away and comes back, in an /etc of this process's own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from ssh.fleets import Yard, only

from dcov import Context, Status, task
from dcov.resources import AbsentUser

NAME = "old-exporter"


@pytest.fixture(autouse=True)
def user(own_machine: bool) -> Iterator[None]:  # noqa: FBT001  # a fixture
    """A user in two groups besides its own, whose number is another than the user's."""
    if not own_machine:
        pytest.skip("makes users, so it needs root and an /etc of its own")
    subprocess.run(("groupadd", "--system", "--gid", "987", NAME), check=True)
    subprocess.run(("useradd", "--system", "--uid", "986", "--gid", NAME, "--no-create-home",
                    "--groups", "video,daemon", NAME), check=True)  # fmt: skip
    yield
    subprocess.run(("userdel", NAME), check=False, capture_output=True)


def known() -> tuple[str, str]:
    """What the system knows of it."""
    done = (subprocess.run(("getent", "passwd", NAME), capture_output=True, text=True, check=False),
            subprocess.run(("id", NAME), capture_output=True, text=True, check=False))  # fmt: skip
    return done[0].stdout, done[1].stdout


def test_a_user_that_was_removed_comes_back_with_its_groups(yard: Yard) -> None:
    """With the same numbers too: files are owned by those."""

    @task(on="all")
    def change(ctx: Context, *, fails: bool) -> None:
        """Take the user away."""
        ctx.ensure(AbsentUser(name=NAME))
        assert known() == ("", "")
        if fails:
            raise RuntimeError("no user")

    before = known()
    assert "986" in before[1]
    assert "video" in before[1]
    fleet = yard.fleet()
    failed = only(fleet.run(change, fails=True))
    assert (failed.status, failed.rollback) == (Status.FAILED, "complete")
    assert known() == before
    assert only(fleet.run(change, fails=False)).status is Status.CHANGED
    assert only(fleet.run(change, fails=False)).status is Status.OK
