"""`@failed` is about this site: what runs on another one in between has no say."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

AGAIN = ("run", "say-hello", "-o", "name", "--limit", "@failed")


@pytest.fixture
def other(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the site: the same names of servers, elsewhere."""
    folder = tmp_path_factory.mktemp("other") / "site"
    shutil.copytree(site, folder)
    return folder


def test_runs_of_another_site_are_passed_over(dcov, site: Path, other: Path) -> None:
    dcov("run", "fail", "--on", "gpu-02")
    dcov("run", "fail", "--on", "gpu-03", "-c", str(other))
    assert dcov(*AGAIN).lines == ["gpu-02"]
    assert dcov(*AGAIN, "-c", str(other)).lines == ["gpu-03"]


def test_only_another_site_has_run(dcov, site: Path, other: Path) -> None:
    dcov("run", "fail", "--on", "gpu-02", "-c", str(other))
    said = dcov(*AGAIN)
    assert (said.code, "nothing has run yet on this site" in said.err) == (2, True)


def test_a_site_is_the_same_by_any_way_to_it(dcov, site: Path, tmp_path: Path) -> None:
    """A deployed site's file is reached through a link as well."""
    link = tmp_path / "link"
    link.symlink_to(site)
    dcov("run", "fail", "--on", "gpu-02", "-c", str(link / "fleet-config.yaml"))
    assert dcov(*AGAIN).lines == ["gpu-02"]
