"""The double that can be changed, beside a real server: the same tasks, the same changes."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import pytest
from ssh.fleets import Yard

from dcov import Context, task
from dcov.change import Change
from dcov.errors import DcovError
from dcov.resources import (
    AbsentDirectory,
    AbsentFile,
    AbsentTree,
    Binary,
    Directory,
    File,
    Resource,
)
from dcov.ssh.session import digest
from dcov.testing import FakeServer

Story = Callable[[PurePosixPath, Path], Iterator[tuple[Resource, ...]]]


def files(folder: PurePosixPath, source: Path) -> Iterator[tuple[Resource, ...]]:
    """A folder with files, written, changed, and taken away."""
    source.write_bytes(b"\0\xff program")
    program = Binary(path=folder / "bin", source=source, sha256=digest(source.read_bytes()))
    yield Directory(path=folder / "a"), File(path=folder / "a" / "it's", content="one\n")
    yield (
        Directory(path=folder / "a", mode=0o700),
        File(path=folder / "a" / "it's", content="one\nt'w\"o $x\n", mode=0o600),
        File(path=folder / "empty", content=""),
        program,
    )
    yield Directory(path=folder / "a", mode=0o700), program, AbsentFile(path=folder / "none")
    yield AbsentFile(path=folder / "a" / "it's"), AbsentDirectory(path=folder / "a")
    yield AbsentDirectory(path=folder), AbsentFile(path=folder / "empty")
    yield AbsentDirectory(path=folder), AbsentTree(path=folder)


def what_is_in_the_way(folder: PurePosixPath, source: Path) -> Iterator[tuple[Resource, ...]]:
    """A file in a folder's place, and a folder in a file's; a checker that refuses."""
    del source
    yield Directory(path=folder), File(path=folder / "file", content="x\n")
    yield (Directory(path=folder / "file"),)
    yield (File(path=folder, content="x"),)
    yield (File(path=folder / "file", content="y\n", validate=("false",)),)


def told(ctx: Context, resources: tuple[Resource, ...]) -> list[Change] | str:
    """What a task that ensures these says of its changes, or why it fails."""

    @task
    def ensure(ctx: Context) -> tuple[Change, ...]:
        """Ensure them."""
        return ctx.ensure(*resources)

    try:
        return list(ensure(ctx))
    except DcovError as error:
        return f"{error.code} {ctx.rollback}"


@pytest.mark.parametrize("story", [files, what_is_in_the_way])
def test_a_double_changes_as_a_server_does(yard: Yard, tmp_path: Path, story: Story) -> None:
    folder, source = tmp_path / "server", tmp_path / "source"
    fake = FakeServer(folders={str(tmp_path)}, answers={"false": 1})
    real = yard.fleet()["gpu-01"]

    @task
    def tell(ctx: Context, *, step: int) -> object:
        """Do one step of the story on the real server."""
        return told(ctx, steps[step])

    steps = list(story(PurePosixPath(folder), source))
    for number, resources in enumerate(steps):
        found = real.run(tell, step=number).value
        assert told(fake.context(), resources) == found
        there = {path for path in folder.rglob("*") if path.is_file()}
        assert {Path(path) for path in fake.files} == there
        for path in there:
            content = fake.files[str(path)]
            data = content.encode() if isinstance(content, str) else content
            assert path.read_bytes() == data
            kind = fake.context().run(("stat", "-c", "%F|%U|%G|%a", "--", str(path)), reads=True)
            assert kind.stdout.endswith(f"|{stat.S_IMODE(path.stat().st_mode):o}\n")
