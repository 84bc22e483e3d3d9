"""What install-exporters tells of a server besides its changes; a ScriptedSession plays it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from unit.exporters.releases import BINARY, VERSION, Site, sha256, tarball

from dcov.config.settings import Settings
from dcov.converge.resource import Resource
from dcov.exporters.artifact import Arch
from dcov.exporters.dc_exporter import DC_EXPORTER
from dcov.exporters.depot import Binary as Fetched
from dcov.exporters.exporter import Exporter
from dcov.exporters.lock import Lock
from dcov.exporters.node_exporter import NODE_EXPORTER
from dcov.inventory.entry import Entry, Login
from dcov.inventory.site import Site as Fleet
from dcov.monitoring import targets
from dcov.rendering import Templates
from dcov.resources import Binary, File, Unit
from dcov.ssh.command import Finished
from dcov.tasks import install_exporters
from dcov.testing import ScriptedSession

FACTS = {"arch": "x86_64", "systemd": "252", "libc": "glibc 2.36"}
TRUSTED = f"node_exporter {VERSION} amd64: trusted on first use"
GPU = {"gpu_device": "/proc/driver/nvidia/gpus/0"}
Answers = Mapping[tuple[str, ...], str | int | Finished]


@pytest.fixture
def release(site: Site) -> Site:
    """Publish both exporters; no lock file pins what is published here."""
    member = f"node_exporter-{VERSION}.linux-amd64/node_exporter"
    site.publish(Arch.AMD64, tarball((member, BINARY)))
    artifact = Lock.load().artifact(DC_EXPORTER.release, arch=Arch.AMD64, version="9.9.9")
    folder = artifact.url.removeprefix("https://github.com").rpartition("/")[0]
    site.files[f"{folder}/dc-exporter-rs"] = BINARY
    site.files[f"{folder}/SHA256SUMS"] = f"{sha256(BINARY)}  dc-exporter-rs\n".encode()
    return site


def fleet_of(release: Site, folder: Path, *, has_gpu: bool | None = None) -> Fleet:
    entry = Entry(name="gpu-01", login=Login(address="scripted.invalid"), has_gpu=has_gpu)
    versions = {"node_exporter": {"version": VERSION}, "dc-exporter": {"version": "9.9.9"}}
    settings = Settings.model_validate({"mirror": release.url, "exporters": versions})
    return Fleet.of(entry, path=folder, settings=settings)


def resources(exporter: Exporter, folder: Path) -> tuple[Resource, ...]:
    fetched = Fetched(
        exporter=exporter.name, version=VERSION, arch=Arch.AMD64, path=folder,
        sha256=sha256(BINARY), size=len(BINARY), pinned=False,
    )  # fmt: skip
    templates = Templates(folder / "templates")
    return exporter.resources(fetched, templates=templates, port=exporter.port)


def blank(folder: Path) -> Answers:
    """Answer for a server on which nothing is."""
    every = (*resources(NODE_EXPORTER, folder), *resources(DC_EXPORTER, folder))
    return {tuple(resource.probe()): 1 for resource in every}


def installed(folder: Path) -> Answers:
    """Answer for a server on which node_exporter runs as it should."""
    answers = dict(blank(folder))
    for resource in resources(NODE_EXPORTER, folder):
        said = ""
        if isinstance(resource, Binary):
            said = f"regular file|root|root|755|{resource.sha256}\n"
        elif isinstance(resource, File):
            mode = f"{resource.mode:o}"
            said = f"regular file|root|root|{mode}|{sha256(resource.content.encode())}\n"
        elif isinstance(resource, Unit):
            said = (
                "LoadState=loaded\nUnitFileState=enabled\nvolatile:\nActiveState=active\n"
                f"Running={resource.binary_sha256}\n"
            )
        answers[tuple(resource.probe())] = said
    return answers


def test_an_unpinned_release_is_named_where_it_is_brought(release: Site, tmp_path: Path) -> None:
    session = ScriptedSession(answers=blank(tmp_path), facts=FACTS)
    ctx = session.context(site=fleet_of(release, tmp_path))
    install_exporters(ctx)
    assert ctx.notes == ["dc-exporter skipped: no GPU here", TRUSTED]


def test_an_unpinned_release_is_not_named_where_nothing_changes(
    release: Site, tmp_path: Path
) -> None:
    session = ScriptedSession(answers=installed(tmp_path), facts=FACTS)
    ctx = session.context(site=fleet_of(release, tmp_path))
    install_exporters(ctx)
    assert [change for change in ctx.changes if change.needed] == []
    assert ctx.notes == ["dc-exporter skipped: no GPU here"]


@pytest.mark.parametrize(
    ("declared", "found", "note"),
    [
        (None, True, "has a GPU; declare `has_gpu: true`, so that Prometheus scrapes it"),
        (None, False, "dc-exporter skipped: no GPU here"),
        (False, True, "dc-exporter skipped: declared with `has_gpu: false`"),
        (True, True, ""),
        (True, False, ""),
    ],
)
def test_a_gpu_is_installed_for_and_scraped_alike(
    release: Site, tmp_path: Path, *, declared: bool | None, found: bool, note: str
) -> None:
    """Where the exporter is installed and is no target, the way out is said."""
    facts = FACTS | (GPU if found else {})
    fleet = fleet_of(release, tmp_path, has_gpu=declared)
    ctx = ScriptedSession(answers=blank(tmp_path), facts=facts).context(site=fleet)
    install_exporters(ctx, exporters=["node", "gpu"])
    about = [text for text in ctx.notes if "trusted" not in text]
    assert about == ([note] if note else [])
    installs = any(change.resource == f"binary:{DC_EXPORTER.binary}" for change in ctx.changes)
    scraped = any(target.job == "gpu" for target in targets(fleet))
    assert installs == scraped or "so that Prometheus scrapes it" in note
