"""What is installed, enabled and started on a master, by what was found there."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from sites import BARE, NO_CORE

from dcov.inventory.site import Site
from dcov.resources import Packages, Unit
from dcov.ssh.scripts import remote
from dcov.stack import Survey
from dcov.stack.prerequisites import AT_BOOT, found_engine, missing, wanted_tools

ALL = frozenset({"docker", "curl", "openssl"})
LETS_ENCRYPT = "ssl: {mode: letsencrypt, domain: dc.example.com%s}\n"
OWN = LETS_ENCRYPT % ", cert_path: /etc/ssl/own.pem, key_path: /etc/ssl/own.key"


def site(folder: Path, text: str) -> Site:
    config = folder / "fleet-config.yaml"
    config.write_text(text)
    return Site.load(config)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (Survey(engine="20.10", compose="2.20", tools=ALL), ()),
        (Survey(engine="20.10", compose="2.20", tools=ALL, disabled=True), (AT_BOOT,)),
        (Survey(compose="2.20", tools=ALL, trouble="it sleeps"), (Unit(name="docker"),)),
        (
            Survey(tools=frozenset({"curl"})),
            (
                Packages(names=("openssl", "docker.io", "docker-compose")),
                Unit(name="docker"),
            ),
        ),
    ],
    ids=["all of it", "an engine that is not enabled", "one that is stopped", "nothing"],
)
def test_what_is_there_is_used(found: Survey, wanted: tuple[object, ...], tmp_path: Path) -> None:
    settings = site(tmp_path, BARE).settings
    assert missing(found, settings=settings, os_id="debian") == wanted


def test_the_distributions_name_of_compose(tmp_path: Path) -> None:
    settings = site(tmp_path, BARE).settings
    (packages,) = missing(Survey(engine="20.10", tools=ALL), settings=settings, os_id="ubuntu")
    assert packages == Packages(names=("docker-compose-v2",))


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        (BARE, False),
        (BARE + LETS_ENCRYPT % "", True),
        (BARE + OWN, False),
        (NO_CORE + LETS_ENCRYPT % "", False),
    ],
    ids=["self-signed", "Let's Encrypt", "a certificate of one's own", "no proxy"],
)
def test_certbot_is_for_certificates_that_it_gets(
    text: str, tmp_path: Path, *, needed: bool
) -> None:
    assert ("certbot" in wanted_tools(site(tmp_path, text).settings)) == needed


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (Survey(engine="20.10", compose="2.20"), "found Docker 20.10, compose 2.20"),
        (Survey(engine="20.10"), "found Docker 20.10, compose none"),
        (Survey(trouble="it sleeps"), "found Docker, which does not answer: it sleeps"),
        (Survey(), "found no container engine"),
    ],
)
def test_what_was_found_is_said(found: Survey, line: str) -> None:
    assert found_engine(found) == line


@pytest.mark.parametrize(
    ("active", "enabled", "disabled"),
    [
        ("active", "disabled", True),
        ("active", "enabled", False),
        ("inactive", "disabled", False),
        ("inactive", "not-found", False),
        ("", "", False),
    ],
)
def test_systemd_is_asked(active: str, enabled: str, tmp_path: Path, *, disabled: bool) -> None:
    """An engine that is no unit of that name, or runs by another one, is left as it is."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("docker", "docker-compose", "ip", "ss"):
        program(programs / name, "exit 1")
    program(
        programs / "systemctl", f"case $1 in is-active) echo {active} ;; *) echo {enabled} ;; esac"
    )
    said = subprocess.run(
        ["sh", "-c", remote("digest.sh", "seen-site.sh", "survey.sh")],
        env={"PATH": f"{programs}:{os.environ['PATH']}", "home": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert Survey.read(said.stdout).disabled == disabled


def program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
