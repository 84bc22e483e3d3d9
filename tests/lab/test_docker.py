"""The engine of a server, looked at over ssh: the one that runs the tenant's containers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from lab.ground import Ground

from dcov import Fleet, Secret
from dcov.clients.docker import Docker
from dcov.errors import EngineError, EngineRefusedError, SudoPasswordError
from dcov.inventory.entry import Entry
from dcov.ssh.session import WiredSession
from fleetlab.server import Server

LABEL = "dcov-test"
UP, DOWN = f"{LABEL}-up", f"{LABEL}-down"
IMAGE = "tenant/job"
SAYS = (
    "i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo line $i; done;"
    " echo aside >&2; exec /bin/busybox sleep 300"
)
PERSON, PASSWORD = "person", "correct horse battery"
NEW_PERSON = """
useradd --create-home --shell /bin/sh --groups sudo "$1"
printf '%s:%s\\n' "$1" "$2" | chpasswd
install -d -m 700 -o "$1" -g "$1" "/home/$1/.ssh"
install -m 600 -o "$1" -g "$1" /root/.ssh/authorized_keys "/home/$1/.ssh/authorized_keys"
"""


@pytest.fixture(scope="module")
def server(ground: Ground) -> Iterator[Server]:
    """Two containers, one that runs and one that has ended, beside the tenant's."""
    server = ground.server("gpu-01")
    # The image has no sh for a check to run in: its health is never known.
    check = ("--health-cmd", "true", "--health-interval", "5s", "--health-retries", "1000")
    try:
        for name, command in ((UP, SAYS), (DOWN, "exit 3")):
            server.exec(
                [
                    *("docker", "run", "-d", "--name", name, "--label", f"{LABEL}=yes"),
                    *("--network", "none", *check, IMAGE, "/bin/busybox", "sh", "-c", command),
                ]
            )
        server.exec(["docker", "wait", DOWN])
        yield server
    finally:
        server.exec(["docker", "rm", "--force", "--volumes", UP, DOWN], check=False)


@pytest.fixture
def entry(ground: Ground, server: Server) -> Entry:
    return ground.fleet(server.name).site.entries[server.name]


@pytest.fixture
def person(entry: Entry, server: Server) -> Iterator[Entry]:
    """The same server, by a user whose sudo asks for a password."""
    server.exec(["sh", "-ec", NEW_PERSON, "sh", PERSON, PASSWORD])
    login = replace(entry.login, user=PERSON, sudo_password=Secret(PASSWORD))
    try:
        yield replace(entry, login=login)
    finally:
        server.exec(["userdel", "--force", "--remove", PERSON], check=False)


def connected(ground: Ground, entry: Entry) -> AbstractContextManager[WiredSession]:
    site = ground.fleet(entry.name).site
    return Fleet(site=replace(site, entries={**site.entries, entry.name: entry}))[
        entry.name
    ].connect()


@pytest.fixture
def engine(ground: Ground, entry: Entry) -> Iterator[Docker]:
    with connected(ground, entry) as session, Docker.over(session) as client:
        yield client


def test_containers_are_told_by_label(engine: Docker, server: Server) -> None:
    """Those that have ended, too."""
    down, up = engine.containers(labels={LABEL: "yes"})
    told = json.loads(server.exec(["docker", "inspect", UP]).stdout)[0]
    assert (up.name, up.id, up.image_id) == (UP, told["Id"], told["Image"])
    assert (up.state, up.exit_code, up.networks) == ("running", None, ("none",))
    assert up.health == "starting"
    assert up.labels[LABEL] == "yes"
    assert up.started_at is not None
    assert (down.state, down.exit_code, down.well) == ("exited", 3, False)
    assert engine.container(f"{LABEL}-nowhere") is None


def test_logs_of_both_streams_to_the_end(engine: Docker) -> None:
    lines = list(engine.logs(UP, tail=1000))
    assert sorted(lines) == sorted([*(f"line {n}" for n in range(1, 301)), "aside"])
    assert len(list(engine.logs(UP, tail=3))) == 3


def test_logs_that_are_followed_can_be_left(engine: Docker) -> None:
    """The next question is answered as if nothing had been."""
    lines = engine.logs(UP, tail=1, follow=True)
    assert next(lines)
    lines.close()  # type: ignore[attr-defined]
    assert engine.container(UP) is not None


def test_images_networks_volumes(engine: Docker) -> None:
    up = engine.container(UP)
    assert up is not None
    found = engine.image(up.image)
    assert found is not None
    assert found.id == up.image_id
    assert f"{IMAGE}:latest" in {tag for item in engine.images() for tag in item.tags}
    assert {"bridge", "host", "none"} <= {item.name for item in engine.networks()}
    assert isinstance(engine.volumes(), tuple)
    assert engine.image("nowhere/no-such-image") is None


def test_one_connection_and_few_commands(ground: Ground, entry: Entry) -> None:
    """Questions that follow each other share one program on the server."""
    with connected(ground, entry) as session, Docker.over(session) as client:
        client.containers(labels={LABEL: "yes"})
        client.version()
    assert (session.costs.connections, session.costs.execs) == (1, 1)


def test_a_user_whose_sudo_asks_for_a_password(ground: Ground, person: Entry) -> None:
    """Only root may talk to the engine; the password comes before the first question."""
    with connected(ground, person) as session, Docker.over(session) as client:
        assert len(client.containers(labels={LABEL: "yes"})) == 2
        assert len(list(client.logs(UP, tail=1000))) == 301


def test_a_wrong_password_for_sudo_is_named(ground: Ground, person: Entry) -> None:
    wrong = replace(person, login=replace(person.login, sudo_password=Secret("not this one")))
    refused = pytest.raises(SudoPasswordError, match="does not accept")
    with connected(ground, wrong) as session, refused:
        Docker.over(session)


def test_what_the_engine_refuses_is_in_its_words(engine: Docker) -> None:
    with pytest.raises(EngineRefusedError, match="No such container"):
        list(engine.logs("nowhere"))


def test_an_engine_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket of this machine without anybody behind it: docker's own words are the cause."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    site = tmp_path / "fleet-config.yaml"
    site.write_text("master: local\nservers: []\n")
    with pytest.raises(EngineError, match=r"no\.sock"):
        _ = Fleet.load(site).docker
