"""The questions that make a site: by typer's runner, and once on a real terminal."""

from __future__ import annotations

import os
import pty
import select
import sys
import time
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from dcov.config.load import load
from dcov.config.passwords import checked_for_deploy
from dcov.wizard import ask_site

SHORT = """\
Lab
n
monitor
192.0.2.10


-


gpu-01
192.0.2.21


gpu-02
192.0.2.22

192.0.2.122


y

bmc-secret
bmc-secret
n
n




y
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home" / ".ssh").mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture
def folder(home: Path, tmp_path: Path) -> Path:
    assert home.is_dir()
    return tmp_path / "site"


def answered(folder: Path, text: str) -> tuple[int, str]:
    app = typer.Typer()

    @app.command()
    def asked() -> None:
        typer.echo(ask_site(folder))

    result = CliRunner().invoke(app, [], input=text)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_a_small_site(folder: Path) -> None:
    code, said = answered(folder, SHORT)
    assert code == 0, said
    file = folder / "fleet-config.yaml"
    assert said.endswith(f"{file}\n")
    secrets = folder / ".secrets.yaml"
    assert [one.stat().st_mode & 0o777 for one in (file, secrets)] == [0o600, 0o600]
    assert sorted(one.name for one in folder.iterdir()) == [".secrets.yaml", "fleet-config.yaml"]
    assert yaml.safe_load(file.read_text()) == {
        "site_name": "Lab",
        "master": {"name": "monitor", "server_ip": "192.0.2.10"},
        "ssh": {"username": "root", "port": 22},
        "servers": [
            {"name": "gpu-01", "server_ip": "192.0.2.21", "has_gpu": True},
            {
                "name": "gpu-02",
                "server_ip": "192.0.2.22",
                "bmc_ip": "192.0.2.122",
                "has_gpu": True,
            },
        ],
        "bmc": {"username": "ADMIN"},
        "components": {"ipmi_monitor": True, "vast_exporter": False, "runpod_exporter": False},
        "ssl": {"mode": "self_signed"},
        "fleet_admin_user": "admin",
    }
    config = load(file)
    assert config.notices == ()
    assert config.settings.bmc.password.reveal() == "bmc-secret"
    assert len(config.settings.fleet_admin_pass.reveal()) >= 20
    assert checked_for_deploy(config.settings) == ()
    assert "site_name: Lab" in said  # it was shown before it was written
    assert "bmc-secret" not in said
    assert config.settings.fleet_admin_pass.reveal() not in said


def line(n: int, *instead: str) -> str:
    """Return the answers with this one preceded by wrong ones."""
    lines = SHORT.splitlines()
    return "\n".join((*lines[:n], *instead, *lines[n:])) + "\n"


@pytest.mark.parametrize(
    ("n", "wrong", "said"),
    [
        (3, "", "an answer is needed"),
        (3, "http://192.0.2.10", "is no address: neither a URL nor a network"),
        (2, "workers", "'workers' is the name of a group; call the server something else"),
        (5, "99999", "must be 65535 or less"),
        (5, "ssh", "must be a whole number, not text"),
        (6, "/nowhere/key", "there is no key file /nowhere/key"),
        (8, "somehow", "one of hand, file, paste, none"),
        (10, "192.0.2.999", "192.0.2.999 is no IP address"),
        (11, "70000", "must be 65535 or less"),
        (25, "soon", "one of self_signed, letsencrypt, own"),
    ],
)
def test_a_wrong_answer_is_asked_for_again(n: int, wrong: str, said: str, folder: Path) -> None:
    """By the model's own field, in its own words."""
    code, out = answered(folder, line(n, wrong))
    assert (code, said in out) == (0, True), out
    assert yaml.safe_load((folder / "fleet-config.yaml").read_text())["site_name"] == "Lab"


def test_where_not_all_have_a_gpu_it_is_said_what_to_write(folder: Path) -> None:
    lines = SHORT.splitlines()
    code, out = answered(folder, "\n".join((*lines[:18], "n", *lines[19:])) + "\n")
    assert code == 0, out
    assert "write `has_gpu: true` to those that have one" in out
    servers = load(folder / "fleet-config.yaml").settings.servers
    assert [server.has_gpu for server in servers] == [None, None]


def test_a_weak_password_and_one_mistyped_are_asked_for_again(folder: Path) -> None:
    good = "a-good-password"
    tries = ("short", "YOUR_PASSWORD", "${env:PASSWORD}x", good, "mistyped", good, good)
    lines = SHORT.splitlines()
    code, out = answered(folder, "\n".join((*lines[:28], *tries, lines[29])) + "\n")
    assert code == 0, out
    for said in ("shorter than 12", "everybody knows", "followed as a reference", "the two differ"):
        assert said in out
    assert load(folder / "fleet-config.yaml").settings.fleet_admin_pass.reveal() == good
    assert good not in out


def test_two_servers_at_one_place_are_not_taken(folder: Path) -> None:
    lines = SHORT.splitlines()
    twice = ("gpu-01", "192.0.2.29", "", "", "gpu-03", "192.0.2.21", "", "")
    code, out = answered(folder, "\n".join((*lines[:13], *twice, *lines[13:])) + "\n")
    assert code == 0, out
    assert "two servers are called 'gpu-01'; not taken" in out
    assert "gpu-03 and gpu-01 are both at 192.0.2.21 port 22; behind NAT" in out
    assert len(load(folder / "fleet-config.yaml").settings.servers) == 2


def with_list(*answers: str) -> str:
    lines = SHORT.splitlines()
    return "\n".join((*lines[:8], *answers, "", "n", *lines[23:])) + "\n"


def test_a_pasted_list_with_passwords(folder: Path) -> None:
    wrong = ("paste", "gpu-01,192.0.2.21", "gpu-01,192.0.2.22", "")
    pasted = ("globalSSH:ops,list-secret", "gpu-01,192.0.2.21,192.0.2.121,me,bmc-1", "192.0.2.22")
    code, out = answered(folder, with_list(*wrong, *pasted, ""))
    assert code == 0, out
    assert "-:2:1: name: two servers are called 'gpu-01'" in out
    settings = load(folder / "fleet-config.yaml").settings
    assert [(str(one.name), one.ssh_user, one.bmc_user) for one in settings.servers] == [
        ("gpu-01", "ops", "me"), ("server-1", "ops", None),
    ]  # fmt: skip
    assert settings.servers[1].ssh_password.reveal() == "list-secret"
    assert settings.servers[0].bmc_password.reveal() == "bmc-1"
    assert "-secret" not in (folder / "fleet-config.yaml").read_text()


def test_a_list_in_a_file(folder: Path, home: Path) -> None:
    (home / "fleet.csv").write_text("name,ip,ssh_port\ngpu-01,192.0.2.21,2201\n")
    code, out = answered(folder, with_list("file", "~/none.csv", "~/fleet.csv"))
    assert code == 0, out
    assert "none.csv: cannot be read: No such file or directory" in out
    assert load(folder / "fleet-config.yaml").settings.servers[0].ssh_port == 2201


def test_the_longest_way(folder: Path, home: Path) -> None:
    """This machine as master, a key, sudo, both marketplaces, Let's Encrypt."""
    (home / ".ssh" / "id_ed25519").write_text("key")
    said = ["Big", "y", "192.0.2.10", "ops", "2222", "", "", "sudo-1", "sudo-1", "none", "n", "y",
            "", "vast-1", "vast-1", "main", "vast-2", "vast-2", "", "", "y", "run-1", "run-1", "",
            "", "let", "monitoring.example.com", "", "boss", "", "y"]  # fmt: skip
    code, out = answered(folder, "\n".join(said) + "\n")
    assert code == 0, out
    site = yaml.safe_load((folder / "fleet-config.yaml").read_text())
    assert (site["master"], site["master_ip"]) == ("local", "192.0.2.10")
    assert site["ssh"] == {"username": "ops", "port": 2222, "key_path": "~/.ssh/id_ed25519"}
    assert site["ssl"] == {
        "mode": "letsencrypt",
        "domain": "monitoring.example.com",
        "email": "admin@monitoring.example.com",
    }
    settings = load(folder / "fleet-config.yaml").settings
    assert [one.name for one in settings.vast.api_keys] == ["main", "default"]
    assert settings.ssh.sudo_password.reveal() == "sudo-1"
    assert settings.components.runpod_exporter


def test_a_certificate_of_ones_own(folder: Path) -> None:
    lines = SHORT.splitlines()
    own = ("own", "", "/etc/ssl/a.crt", "/etc/ssl/a.key")
    code, out = answered(folder, "\n".join((*lines[:25], *own, *lines[27:])) + "\n")
    assert code == 0, out
    settings = load(folder / "fleet-config.yaml").settings
    assert (settings.ssl.cert_path, settings.ssl.key_path) == ("/etc/ssl/a.crt", "/etc/ssl/a.key")


@pytest.mark.parametrize("end", [0, 5, 12, 21, 28])
def test_who_breaks_off_leaves_nothing_behind(end: int, folder: Path) -> None:
    code, _ = answered(folder, "\n".join(SHORT.splitlines()[:end]) + "\n" if end else "")
    assert code == 1
    assert not folder.exists()


def test_a_no_at_the_end_writes_nothing(folder: Path) -> None:
    assert answered(folder, SHORT.removesuffix("y\n") + "n\n")[0] == 1
    assert not folder.exists()


@pytest.mark.parametrize("name", ["fleet-config.yaml", ".secrets.yaml"])
def test_what_exists_is_not_asked_for(name: str, folder: Path) -> None:
    folder.mkdir()
    (folder / name).write_text("")
    with pytest.raises(Exception, match="is there already"):
        answered(folder, SHORT)
    assert [one.name for one in folder.iterdir()] == [name]


def test_on_a_terminal_no_password_is_shown(folder: Path, home: Path) -> None:
    """A real one: what is typed into a hidden question is not echoed by it."""
    child, terminal = pty.fork()
    if child == 0:
        env = {**os.environ, "HOME": str(home)}
        os.execve(sys.executable, [sys.executable, "-c", ASK, str(folder)], env)
    shown = ""
    for answer, question in zip(SHORT.splitlines(), QUESTIONS, strict=True):
        shown += until(terminal, question)
        os.write(terminal, f"{answer}\n".encode())
    shown += until(terminal, "")
    assert os.waitpid(child, 0)[1] == 0, shown
    assert "gpu-02" in shown
    assert "bmc-secret" not in shown
    assert load(folder / "fleet-config.yaml").settings.bmc.password.reveal() == "bmc-secret"


ASK = """
import sys
from pathlib import Path
from dcov.wizard import ask_site
ask_site(Path(sys.argv[1]))
"""
QUESTIONS = (
    "Name of the site", "the master, with", "Name of the master", "Its address", "SSH user",
    "SSH port", "Private key", "SSH password", "How do you name", "next server", "Address of",
    "SSH port", "BMC address", "next server", "Address of", "SSH port", "BMC address",
    "next server", "NVIDIA GPU", "IPMI Monitor", "User of the BMCs", "Password of the BMCs",
    "Once more", "Vast.ai?", "RunPod?", "Certificate", "DNS name", "First user", "password, 12",
    "Write these",
)  # fmt: skip


def until(terminal: int, words: str, *, within: float = 10.0) -> str:
    """Read what the terminal shows until it asks this; to its end where there are no words."""
    shown, give_up = "", time.monotonic() + within
    while not (words and words in shown and shown.endswith(": ")):
        assert time.monotonic() < give_up, f"never asked {words!r}: {shown}"
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                shown += os.read(terminal, 4096).decode()
            except OSError:  # the other end is closed
                break
    return shown
