"""The site in examples/lab is the lab."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

import pytest
from pages import ROOT

from dcov import Fleet
from fleetlab import Lab


@pytest.fixture
def example(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As the demo uses it: the lab's environment read, its secrets beside the file."""
    for line in (lab.state / "lab.env").read_text().splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        monkeypatch.setenv(name, *shlex.split(value))
    shutil.copy(ROOT / "examples/lab/fleet-config.yaml", tmp_path)
    lab.lend(to=tmp_path)
    return tmp_path / "fleet-config.yaml"


def test_the_example_means_what_the_lab_writes(lab: Lab, example: Path) -> None:
    """Server by server, and setting by setting but for the site's name."""
    ours, own = Fleet.load(example), Fleet.load(lab.config)
    assert dict(ours.site.entries) == dict(own.site.entries)
    same_name = own.site.settings.model_copy(update={"site_name": ours.site.name})
    assert ours.site.settings == same_name


def test_what_the_lab_lends_is_its_users_alone(lab: Lab, example: Path) -> None:
    lent = (example.parent / ".secrets.yaml").stat()
    assert lent.st_mode & 0o777 == 0o600
    assert lent.st_uid == os.getuid()
    assert (example.parent / "known_hosts").read_text().count("ssh-ed25519") == 5
