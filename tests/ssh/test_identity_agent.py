"""IdentityAgent of ~/.ssh/config: real agents, at the usual place and at others."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from ssh.fleets import only
from ssh.test_ssh_config_wiring import Home

from dcov import Server
from dcov.report import Status
from dcov.ssh.openssh import ssh_argv
from dcov.testing.sshd import LoopbackSshd


@pytest.fixture
def home(sshd: LoopbackSshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return Home(tmp_path, sshd=sshd)


@pytest.fixture
def agent(home: Home) -> Iterator[Path]:
    """Run a real ssh-agent that holds the key, in the home."""
    socket = home.folder / "agent.sock"
    process = subprocess.Popen(("ssh-agent", "-D", "-a", socket), stdout=subprocess.DEVNULL)
    try:
        while not socket.exists():
            assert process.poll() is None
        environment = {"SSH_AUTH_SOCK": str(socket), "PATH": "/usr/bin:/bin"}
        subprocess.run(("ssh-add", "-q", home.sshd.key_path), check=True, env=environment)
        yield socket
    finally:
        process.terminate()
        process.wait()


def gpu(home: Home) -> Server:
    return Server(
        name="gpu-01", server_ip="127.0.0.5", ssh_port=home.sshd.port, ssh_user=home.sshd.user
    )


@pytest.mark.parametrize(
    "place", ["~/agent.sock", "%d/agent.sock", "$OTHER_AGENT", "${{OTHER_AGENT}}"]
)
def test_the_agent_at_that_place_is_asked(
    home: Home, agent: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("OTHER_AGENT", str(agent))
    home.write(f"Host *\n IdentityAgent {place}\n")
    outcome = only(home.fleet(gpu(home)).sh("true"))
    assert outcome.status is Status.OK, outcome.why


def test_the_usual_place_by_its_name(
    home: Home, agent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(agent))
    home.write("Host *\n IdentityAgent SSH_AUTH_SOCK\n")
    assert only(home.fleet(gpu(home)).sh("true")).status is Status.OK


def test_none_is_no_agent(home: Home, agent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(agent))
    home.write("Host *\n IdentityAgent none\n")
    outcome = only(home.fleet(gpu(home)).sh("true"))
    assert outcome.code == "auth-refused"
    assert "nothing: no key, agent or password" in outcome.why


def test_an_agent_that_does_not_answer_is_named(home: Home) -> None:
    home.write("Host *\n IdentityAgent ~/nobody.sock\n")
    outcome = only(home.fleet(gpu(home)).sh("true"))
    assert outcome.code == "auth-refused"
    assert f"agent {home.folder}/nobody.sock (No such file or directory)" in outcome.why


@pytest.mark.parametrize(
    ("place", "words"), [("$NO_SUCH", "no such environment variable"), ("/run/%C", "%C is not")]
)
def test_a_place_that_cannot_be_read_is_an_error(home: Home, place: str, words: str) -> None:
    home.write(f"Host *\n IdentityAgent {place}\n")
    outcome = only(home.fleet(gpu(home)).sh("true"))
    assert outcome.code == "config"
    assert words in outcome.why


def test_ssh_itself_is_told_of_it(home: Home) -> None:
    home.write("Host *\n IdentityAgent ~/agent.sock\n")
    argv = ssh_argv(home.fleet(gpu(home)).site, "gpu-01")
    assert f'IdentityAgent="{home.folder}/agent.sock"' in argv
