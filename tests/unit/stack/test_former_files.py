"""What Prometheus would go on reading of a site that has changed: rules, and targets."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from one_machine import Machine
from rendered_site import RenderedSite
from sites import EVERYTHING

from dcov.change import Action
from dcov.converge.resource import Resource
from dcov.monitoring import FormerFiles
from dcov.resources import AbsentPath
from dcov.stack import Survey, prometheus


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def former(stack: RenderedSite, folder: str) -> FormerFiles:
    """What a deploy of this site wants of Prometheus' folder of that name."""
    wanted: tuple[Resource, ...] = prometheus.files(stack.stack, existing=None)
    (one,) = (
        item for item in wanted if isinstance(item, FormerFiles) and item.folder.name == folder
    )
    return one


def test_the_files_that_nobody_wants_go(tmp_path: Path) -> None:
    """By the pattern, and by one transaction; where there is no folder yet, nothing is to do."""
    machine, folder = Machine(tmp_path), tmp_path / "rules"
    folder.mkdir()
    for name in ("own-a b.yml", "own-b.yml", "own-c.yml", "dcov-hosts.yml", "mine.yml"):
        (folder / name).write_text("groups: []\n")
    wanted = FormerFiles(folder=PurePosixPath(folder), pattern="own-*", kept=("own-b.yml",))
    (change,) = machine.ensure(wanted)
    assert (change.action, change.diff) == (Action.DELETE, ("-own-a b.yml", "-own-c.yml"))
    assert names(folder) == ["dcov-hosts.yml", "mine.yml", "own-b.yml"]
    nowhere = FormerFiles(folder=PurePosixPath(tmp_path / "none"), pattern="*", kept=())
    assert [change.action for change in machine.plan(wanted, nowhere)] == [Action.NOOP] * 2


def test_what_is_removed_comes_back_when_the_rest_fails(tmp_path: Path) -> None:
    machine, folder = Machine(tmp_path), tmp_path / "targets"
    folder.mkdir()
    (folder / "gpu.json").write_text("[]\n")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    gone = FormerFiles(folder=PurePosixPath(folder), pattern="*.json", kept=())
    # A folder with something in it cannot be removed as a path.
    _, said = machine.try_to(gone, AbsentPath(path=PurePosixPath(tmp_path / "full")))
    assert " undone complete" in said
    assert names(folder) == ["gpu.json"]


def test_the_targets_of_what_was_switched_off_go(tmp_path: Path) -> None:
    """The last server with a GPU, and a marketplace."""
    on = RenderedSite.of(EVERYTHING, folder=_made(tmp_path / "on"), survey=Survey())
    text = EVERYTHING.replace("runpod_exporter: true", "runpod_exporter: false")
    text = text.replace("dc-exporter: {enabled: true}", "dc-exporter: {enabled: false}")
    off = RenderedSite.of(text, folder=_made(tmp_path / "off"), survey=Survey())
    assert {"runpod.json", "vastai.json", "node.json"} <= set(former(on, "targets").kept)
    assert set(former(on, "targets").kept) - set(former(off, "targets").kept) == {"runpod.json"}
    assert former(on, "targets").pattern == "*.json"
    assert (former(on, "rules").pattern, former(on, "rules").kept) == ("own-*", ("own-own.yml",))


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
