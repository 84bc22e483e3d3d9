"""Passwords that are made up where a site names none."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dcov.config.generated import GENERATED, ensure_secrets, missing_secrets
from dcov.config.load import load
from dcov.errors import ConfigError

NAME = ".secrets.yaml"
WANTED = {key: lambda key=key: f"made-for-{key}" for key in GENERATED}


def test_what_is_missing_is_made_up_and_kept(write) -> None:
    path = write("site_name: x")
    assert set(ensure_secrets(path)) == set(GENERATED)
    file = path.parent / NAME
    assert file.stat().st_mode & 0o777 == 0o600
    settings = load(path).settings
    made = {
        settings.fleet_admin_pass.reveal(),
        settings.grafana.admin_password.reveal(),
        settings.ipmi_monitor.admin_password.reveal(),
    }
    assert len(made) == 3
    assert min(map(len, made)) >= 20
    before = file.read_text()
    assert ensure_secrets(path) == ()
    assert file.read_text() == before


def test_what_is_set_is_never_changed(write) -> None:
    """Neither here nor in the configuration, over which the secrets file would win."""
    path = write("grafana: {admin_password: mine-1}\nfleet_admin_pass: mine-2")
    write("# ours\nssh_password: mine-3 # keep\n", name=NAME)
    assert ensure_secrets(path, wanted=WANTED) == ("ipmi_monitor_password",)
    assert (path.parent / NAME).read_text() == (
        "# ours\nssh_password: mine-3 # keep\n"
        "ipmi_monitor_password: made-for-ipmi_monitor_password\n"
    )
    assert load(path).settings.grafana.admin_password.reveal() == "mine-1"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "grafana_password: x\n"),
        ("# none yet\n", "# none yet\ngrafana_password: x\n"),
        ("{}\n", "{grafana_password: x}\n"),
        ("grafana_password: # later\nssh_password: y\n",
         "grafana_password: x # later\nssh_password: y\n"),
        ("grafana_password: null\n", "grafana_password: x\n"),
        ("ssh_password: y", "ssh_password: y\ngrafana_password: x\n"),
        ("ssh_password: y\r\n", "ssh_password: y\r\ngrafana_password: x\r\n"),
        ("vast_api_keys:\n  - {key: y}\n# end\n",
         "vast_api_keys:\n  - {key: y}\ngrafana_password: x\n# end\n"),
    ],
)  # fmt: skip
def test_the_rest_of_the_file_stays(before: str, after: str, write) -> None:
    path, file = write("{}"), write(before, name=NAME)
    ensure_secrets(path, wanted={"grafana_password": lambda: "x"})
    assert file.read_bytes().decode() == after


@pytest.mark.parametrize("made", ["12345", "1e5", "true", "0x1F", "- a", "#x"])
def test_whatever_is_made_up_is_read_back(made: str, write) -> None:
    path = write("{}")
    ensure_secrets(path, wanted={"grafana_password": lambda: made})
    assert load(path).settings.grafana.admin_password.reveal() == made


def test_two_at_once_agree(write) -> None:
    path = write("site_name: x")
    said: list[tuple[str, ...]] = []
    threads = [threading.Thread(target=lambda: said.append(ensure_secrets(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, said)) == [0] * 7 + [3]
    assert sorted(one.name for one in path.parent.iterdir()) == [NAME, path.name]


def test_a_secrets_file_that_others_can_read_is_left_alone(write) -> None:
    path = write("{}")
    file: Path = write("ssh_password: x\n", name=NAME, mode=0o644)
    with pytest.raises(ConfigError, match="is open to others"):
        ensure_secrets(path)
    assert file.read_text() == "ssh_password: x\n"


def test_missing_secrets_are_only_named(write) -> None:
    settings = load(write("fleet_admin_pass: x")).settings
    assert missing_secrets(settings, among=("fleet_admin_pass", "grafana_password")) == (
        "grafana_password",
    )
