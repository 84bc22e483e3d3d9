"""quickstart by somebody who is root nowhere: beside the fleet, and on the master itself."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import people
from lab.ground import NAMES, Ground
from lab.people import OnMaster, Story

pytestmark = pytest.mark.timeout(1200)
PASSWORD = "correct horse'\\ $HOME"  # of ops, for sudo; gpu-03 has a password of its own
MASTER = re.compile(r"^master:\n(?: +.*\n)+", re.MULTILINE)
MIRROR = re.compile(r"^mirror: .*", re.MULTILINE)
KEY = re.compile(r"^  key_path: .*", re.MULTILINE)


@pytest.fixture(scope="module", autouse=True)
def servers(ground: Ground) -> Iterator[None]:
    """Blank servers on which only `ops` can log in, and becomes root by a password."""
    ground.blank(*NAMES)
    try:
        for name in NAMES:
            if name != "gpu-03":  # is so already
                account(ground, name)
        yield
    finally:
        people.reset(ground.server(name) for name in NAMES)


def account(ground: Ground, name: str) -> None:
    key = (ground.lab.state / "id_ed25519.pub").read_text()
    people.give_account(ground.server(name), key=key, password=PASSWORD)


def for_ops(text: str) -> str:
    """The lab's site, whose servers are logged in to by another user."""
    return text.replace("username: root", "username: ops")


def at_home(text: str) -> str:
    """The same on the master, who needs no jump; what the site refers to is in the user's home."""
    text = MASTER.sub("master: local\n", for_ops(text)).replace("    ssh_jump: master\n", "")
    text = MIRROR.sub("mirror: file:///home/ops/mirror", text)
    return KEY.sub("  key_path: ~/.ssh/fleet", text)


def secrets(ground: Ground) -> str:
    kept = (ground.lab.state / ".secrets.yaml").read_text()
    return f"{kept}ssh_sudo_password: {json.dumps(PASSWORD)}\n"


def test_beside_the_fleet(ground: Ground, tmp_path: Path) -> None:
    """From blank servers, each of which is reached as a user with sudo, the master as well."""
    config = ground.site(tmp_path, config=for_ops, secrets=secrets(ground))
    story = Story.of(lambda *words: people.beside(config, *words))
    story.ends_well()
    assert story.first.statuses["install-exporters"].keys() == set(NAMES)


def test_on_the_master(ground: Ground, tmp_path: Path) -> None:
    """From a blank master, with the wheel, as a user with sudo: nobody logs in to this machine."""
    master = ground.server("master")
    master.reset()
    account(ground, "master")
    people.install(master, work=tmp_path)
    ops = OnMaster(server=master, user="ops")
    ground.site(tmp_path / "site", config=at_home, secrets=secrets(ground))
    ops.bring(tmp_path / "site", to="site")
    ops.bring(ground.lab.mirror.root, to="mirror")
    ops.bring(key(ground, tmp_path / "key", name="fleet"), to=".ssh")
    master.stop_sshd()
    try:
        story = Story.of(ops.dcov)
        story.ends_well()
        assert story.first.statuses["install-exporters"].keys() == set(NAMES)
        destroyed = ops.dcov("destroy", "--volumes", "-y")
        assert destroyed.exit == 0, destroyed.said
    finally:
        master.start_sshd()


def key(ground: Ground, folder: Path, *, name: str) -> Path:
    """Put the lab's key into a folder, under a name of its own."""
    folder.mkdir()
    shutil.copy(ground.lab.state / "id_ed25519", folder / name)
    return folder
