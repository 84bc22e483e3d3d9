"""Values that stand elsewhere, and where they may not be followed."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest

from dcov.config import references
from dcov.config.load import load, load_source
from dcov.config.source import Source
from dcov.errors import ConfigError


def test_each_kind_of_reference_gives_the_value(write, monkeypatch) -> None:
    monkeypatch.setenv("DCOV_TEST_NAME", "Zürich")
    monkeypatch.setenv("DCOV_TEST_PORT", "2222")
    write("from a file\n", name="password")
    text = """
site_name: ${env:DCOV_TEST_NAME}
ssh:
  port: ${env:DCOV_TEST_PORT}
  password: ${file:password}
  sudo_password: "${cmd:printf '%s\\n' from-a-command}"
"""
    settings = load(write(text)).settings
    assert (settings.site_name, settings.ssh.port) == ("Zürich", 2222)
    assert type(settings.site_name) is str
    assert settings.ssh.password.reveal() == "from a file"
    assert settings.ssh.sudo_password.reveal() == "from-a-command"


def test_a_command_runs_once_however_often_it_stands_there(write, tmp_path) -> None:
    reference = "${cmd:echo x >> log; echo secret}"
    text = f'ssh: {{password: "{reference}", sudo_password: "{reference}"}}'
    load(write(text))
    assert (tmp_path / "log").read_text() == "x\n"


def test_a_value_from_the_environment_is_checked_like_any_other(write, monkeypatch) -> None:
    monkeypatch.setenv("DCOV_TEST_PORT", "99999")
    with pytest.raises(ConfigError, match=r":1:13: ssh\.port: must be 65535 or less"):
        load(write("ssh: {port: '${env:DCOV_TEST_PORT}'}"))


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_command_is_refused_in_a_file_that_others_can_write(mode: int, write) -> None:
    file = write('ssh: {password: "${cmd:echo x}"}', mode=mode)
    with pytest.raises(ConfigError, match="only in a file that nobody else can write: `chmod go-w"):
        load(file)


@pytest.mark.parametrize("reference", ["${cmd:echo x}", "${file:/etc/hostname}"])
def test_files_and_commands_are_refused_in_a_file_of_somebody_else(reference: str, write) -> None:
    source = Source.read(write(f'ssh: {{password: "{reference}"}}'))
    theirs = replace(source, owner=os.geteuid() + 1)
    with pytest.raises(ConfigError, match="is followed only in a file of your own"):
        load_source(theirs)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_owner_is_read_from_the_file(write) -> None:
    file = write('ssh: {password: "${cmd:echo x}"}')
    os.chown(file, 65534, -1)
    with pytest.raises(ConfigError, match="belongs to uid 65534"):
        load(file)


def test_the_environment_is_open_to_a_file_of_somebody_else(write, monkeypatch) -> None:
    """The Server Manager's container reads a file that it does not own."""
    monkeypatch.setenv("DCOV_TEST_NAME", "x")
    source = Source.read(write("site_name: ${env:DCOV_TEST_NAME}"))
    assert load_source(replace(source, owner=os.geteuid() + 1)).settings.site_name == "x"


def test_a_command_that_started_others_is_not_waited_for(write, monkeypatch) -> None:
    """They hold its output open long after the shell itself was ended."""
    monkeypatch.setattr(references, "WITHIN", 0.5)
    file = write('ssh: {password: "${cmd:sleep 20; echo late}"}')
    began = time.monotonic()
    with pytest.raises(ConfigError, match=r"`sleep 20; echo late` gave no answer within 0\.5 s"):
        load(file)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        (r"${cmd:printf '\\377'}", "does not answer in UTF-8"),
        ("${file:~nobody-of-this-name/password}", "no such user's home"),
    ],
)
def test_what_cannot_be_read_is_said_at_its_place(reference: str, said: str, write) -> None:
    with pytest.raises(ConfigError, match=rf":1:17: ssh\.password: .*{said}"):
        load(write(f'ssh: {{password: "{reference}"}}'))
