"""The engine of a master, looked at through the loopback sshd: a real one, where one answers."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from ssh.people import Person

from dcov import Fleet, Secret
from dcov.clients.docker import Docker
from dcov.engine.options import Options
from dcov.engine.scope import open_session
from dcov.errors import EngineError, EngineRefusedError, SudoPasswordError
from dcov.inventory.site import Site
from dcov.ssh.local import LocalSession
from dcov.ssh.session import SshSession
from dcov.testing import LoopbackSshd

SAYS = (
    "i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo line $i; done; echo aside >&2; exec sleep 300"
)


def docker(*argv: str) -> str:
    done = subprocess.run(("docker", *argv), capture_output=True, text=True, check=True)
    return done.stdout.strip()


def image() -> str:
    """An image of the lab, which has a shell."""
    if shutil.which("docker") is None:
        pytest.skip("no docker on this machine")
    try:
        listed = docker("images", "--format", "{{.Repository}}:{{.Tag}}", "dcov-lab/base")
    except subprocess.CalledProcessError:
        pytest.skip("no container engine answers")
    if not listed:
        pytest.skip("the lab's base image has not been made on this machine yet")
    return listed.splitlines()[0]


@pytest.fixture(scope="module")
def label() -> Iterator[str]:
    """The label of two containers, one that runs and one that has ended."""
    base, name = image(), f"dcov-test-{uuid4().hex[:8]}"
    check = ("--health-cmd", "true", "--health-interval", "1s")
    try:
        for end, command in (("up", SAYS), ("down", "exit 3")):
            docker(
                *("run", "-d", "--name", f"{name}-{end}", "--label", f"{name}=yes"),
                *("--network", "none", *check, base, "sh", "-c", command),
            )
        docker("wait", f"{name}-down")
        yield name
    finally:
        for end in ("up", "down"):
            with suppress(subprocess.CalledProcessError):
                docker("rm", "--force", "--volumes", f"{name}-{end}")


@pytest.fixture
def session(loopback_sshd: LoopbackSshd, tmp_path: Path) -> SshSession | LocalSession:
    entry = loopback_sshd.entry("master")
    shutil.copy(loopback_sshd.known_hosts(["master"]), tmp_path / "known_hosts")
    return open_session(entry, site=Site.of(entry, path=tmp_path), options=Options())


@pytest.fixture
def engine(session: SshSession | LocalSession) -> Iterator[Docker]:
    with Docker.over(session) as client:
        yield client


def test_containers_are_told_by_label(engine: Docker, label: str) -> None:
    """Those that have ended, too."""
    down, up = engine.containers(labels={label: "yes"})
    told = json.loads(docker("inspect", f"{label}-up"))[0]
    assert (up.name, up.id, up.image_id) == (f"{label}-up", told["Id"], told["Image"])
    assert (up.state, up.exit_code, up.networks) == ("running", None, ("none",))
    assert up.health in {"starting", "healthy"}
    assert up.labels[label] == "yes"
    assert up.started_at is not None
    assert (down.state, down.exit_code, down.well) == ("exited", 3, False)
    assert engine.container(f"{label}-nowhere") is None


def test_logs_of_both_streams_to_the_end(engine: Docker, label: str) -> None:
    lines = list(engine.logs(f"{label}-up", tail=1000))
    assert sorted(lines) == sorted([*(f"line {n}" for n in range(1, 301)), "aside"])
    assert len(list(engine.logs(f"{label}-up", tail=3))) == 3


def test_logs_that_are_followed_can_be_left(engine: Docker, label: str) -> None:
    """The next question is answered as if nothing had been."""
    lines = engine.logs(f"{label}-up", tail=1, follow=True)
    assert next(lines)
    lines.close()  # type: ignore[attr-defined]
    assert engine.container(f"{label}-up") is not None


def test_images_networks_volumes(engine: Docker, label: str) -> None:
    up = engine.container(f"{label}-up")
    assert up is not None
    found = engine.image(up.image)
    assert found is not None
    assert found.id == up.image_id
    assert up.image in {tag for item in engine.images() for tag in item.tags}
    assert {"bridge", "host", "none"} <= {item.name for item in engine.networks()}
    assert isinstance(engine.volumes(), tuple)
    assert engine.image("nowhere/no-such-image") is None


def test_one_connection_and_few_commands(session: SshSession | LocalSession, label: str) -> None:
    """Questions that follow each other share one program on the server."""
    with Docker.over(session) as client:
        client.containers(labels={label: "yes"})
        client.version()
    assert (session.costs.connections, session.costs.execs) == (1, 1)


def test_a_user_whose_sudo_asks_for_a_password(person: Person, label: str) -> None:
    """Only root may talk to the engine; the password comes before the first question."""
    entry = person.entry("master")
    shutil.copy(person.sshd.known_hosts(["master"]), person.home / "known_hosts")
    site = Site.of(entry, path=person.home)
    with Docker.over(open_session(entry, site=site, options=Options())) as client:
        assert len(client.containers(labels={label: "yes"})) == 2
        assert len(list(client.logs(f"{label}-up", tail=1000))) == 301


def test_a_wrong_password_for_sudo_is_named(person: Person, label: str) -> None:
    del label
    entry = person.entry("master", sudo_password=Secret("not this one"))
    shutil.copy(person.sshd.known_hosts(["master"]), person.home / "known_hosts")
    site = Site.of(entry, path=person.home)
    with pytest.raises(SudoPasswordError, match="does not accept"):
        Docker.over(open_session(entry, site=site, options=Options()))


def test_what_the_engine_refuses_is_in_its_words(engine: Docker) -> None:
    with pytest.raises(EngineRefusedError, match="No such container"):
        list(engine.logs("nowhere"))


def test_an_engine_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket without anybody behind it: docker's own words are the cause."""
    if shutil.which("docker") is None:
        pytest.skip("no docker on this machine")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    site = tmp_path / "fleet-config.yaml"
    site.write_text("master: local\nservers: []\n")
    with pytest.raises(EngineError, match=r"no\.sock"):
        _ = Fleet.load(site).docker


def test_no_docker_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which nothing of it is installed."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "env"):
        (programs / name).symlink_to(shutil.which(name) or name)
    monkeypatch.setenv("PATH", str(programs))
    site = tmp_path / "fleet-config.yaml"
    site.write_text("master: local\nservers: []\n")
    with pytest.raises(EngineError, match="docker"):
        _ = Fleet.load(site).docker
