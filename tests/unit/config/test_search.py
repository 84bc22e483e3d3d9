"""Where the configuration is looked for, and which rule is said to have found it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dcov.config.search import find_config
from dcov.errors import ConfigError


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    return path


@pytest.fixture
def start(tmp_path: Path) -> Path:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    return folder


def test_each_rule_gives_way_to_the_one_before_it(tmp_path: Path, start: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    in_order = [
        (touch(tmp_path / "xdg" / "dcov" / "fleet-config.yaml"), "XDG_CONFIG_HOME", environ, None),
        (touch(tmp_path / "fleet-config.yaml"), "a folder above the current one", environ, None),
        (touch(start / "fleet-config.yaml"), "the current folder", environ, None),
    ]
    by_variable = touch(tmp_path / "variable.yaml")
    environ = {**environ, "DCOV_CONFIG": str(by_variable)}
    in_order.append((by_variable, "DCOV_CONFIG", environ, None))
    explicit = touch(tmp_path / "explicit.yaml")
    in_order.append((explicit, "-c", environ, explicit))
    found = [find_config(path, environ=env, start=start) for _, _, env, path in in_order[3:]]
    assert [(one.path, one.rule) for one in found] == [(p, rule) for p, rule, _, _ in in_order[3:]]
    for path, rule, env, _ in reversed(in_order[:3]):
        one = find_config(environ=env, start=start)
        assert (one.path, one.rule) == (path, rule)
        path.unlink()


def test_a_folder_stands_for_the_configuration_in_it(tmp_path: Path) -> None:
    config = touch(tmp_path / "site" / "fleet-config.yaml")
    touch(tmp_path / "site" / "hosts.yaml")
    assert find_config(config.parent, environ={}).path == config


def test_a_folder_with_a_nornir_inventory_stands_for_itself(tmp_path: Path) -> None:
    hosts = touch(tmp_path / "nornir" / "hosts.yaml")
    assert find_config(hosts.parent, environ={}).path == hosts.parent


@pytest.mark.parametrize("by", ["-c", "DCOV_CONFIG"])
def test_a_named_path_that_does_not_exist_is_not_replaced_by_another(by: str, start: Path) -> None:
    touch(start / "fleet-config.yaml")
    wrong = str(start / "flet-config.yaml")
    explicit, environ = (wrong, {}) if by == "-c" else (None, {by: wrong})
    with pytest.raises(ConfigError, match=f"{by} names .*, and that does not exist"):
        find_config(explicit, environ=environ, start=start)


def test_a_folder_without_either_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"neither fleet-config\.yaml nor hosts\.yaml is there"):
        find_config(tmp_path, environ={})


@pytest.mark.skipif(
    Path("/etc/dc-overview/fleet-config.yaml").exists(), reason="this machine is a master"
)
def test_without_any_the_error_lists_every_place(tmp_path: Path, start: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        find_config(environ={"XDG_CONFIG_HOME": str(tmp_path)}, start=start)
    said = str(caught.value)
    for folder in (start, start.parent, tmp_path, tmp_path / "dcov", Path("/etc/dc-overview")):
        assert f"{folder}/fleet-config.yaml" in said


AS_NOBODY = """
import os, sys
from dcov.config.search import find_config
from dcov.errors import ConfigError

os.setgroups([])
os.setgid(64999)
os.setuid(64999)  # nobody has this number: no name and no home
try:
    print(find_config().path)
except ConfigError as error:
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_folders_that_are_closed_to_us_hold_no_configuration(tmp_path: Path) -> None:
    """As after `sudo -u ops` in root's home, on a master, and in a container without a home."""
    closed = tmp_path / "closed"
    (closed / "inner").mkdir(parents=True)
    closed.chmod(0o700)
    environ = {key: os.environ[key] for key in os.environ.keys() - {"HOME", "DCOV_CONFIG"}}
    done = subprocess.run(
        (sys.executable, "-c", AS_NOBODY),
        cwd=closed / "inner",
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"looked for {closed}/inner/fleet-config.yaml" in done.stdout
    assert "/nonexistent/.config/dcov/fleet-config.yaml" in done.stdout


GONE = """
import os
from dcov.config.search import find_config

os.rmdir(os.getcwd())
print(find_config().path)
"""


def test_a_folder_that_is_gone_does_not_hinder_the_other_rules(tmp_path: Path) -> None:
    """The shell that dcov was called in may stand in a folder that was deleted since."""
    config = touch(tmp_path / "xdg" / "dcov" / "fleet-config.yaml")
    folder = tmp_path / "gone"
    folder.mkdir()
    environ = {key: os.environ[key] for key in os.environ.keys() - {"DCOV_CONFIG"}}
    done = subprocess.run(
        (sys.executable, "-c", GONE),
        cwd=folder,
        env={**environ, "XDG_CONFIG_HOME": str(tmp_path / "xdg")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{config}\n"
