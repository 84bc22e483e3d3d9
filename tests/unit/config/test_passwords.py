"""Passwords that nothing may be deployed with."""

from __future__ import annotations

import pytest

from dcov.config.load import load
from dcov.config.passwords import checked_for_deploy

SHORT = "is shorter than 12 characters"
KNOWN = "everybody knows this password: it is a default or a placeholder; change it"


@pytest.mark.parametrize(
    ("config", "secrets", "said"),
    [
        ("site_name: x", "{}", []),
        ("fleet_admin_pass: 12-characters", "{}", []),
        (
            "site_name: x\nfleet_admin_pass: elevenchars",
            "{}",
            [f"2:19: fleet_admin_pass: {SHORT}"],
        ),
        ("{}", "\nfleet_admin_pass: short", [f"2:19: fleet_admin_pass: {SHORT}"]),
        (
            "fleet_admin_pass: YOUR_ADMIN_PASSWORD",
            "fleet_admin_pass: short",
            [f"1:19: fleet_admin_pass: {KNOWN}"],
        ),
        ("grafana: {admin_password: admin}", "{}", [f"1:27: grafana.admin_password: {KNOWN}"]),
        ("grafana: {admin_password: admin}", "grafana_password: good", []),
        ("{}", "grafana_password: Admin", [f"1:19: grafana_password: {KNOWN}"]),
        (
            "ipmi_monitor: {admin_password: changeme}",
            "{}",
            [f"1:32: ipmi_monitor.admin_password: {KNOWN}"],
        ),
    ],
)
def test_each_is_named_where_it_stands(config: str, secrets: str, said: list[str], write) -> None:
    """In the file whose value is in force."""
    write(secrets, name=".secrets.yaml")
    file = write(config)
    problems = checked_for_deploy(load(file).settings, path=file)
    assert [f"{one.line}:{one.column}: {one.key}: {one.message}" for one in problems] == said
    assert {one.file for one in problems} <= {file, file.parent / ".secrets.yaml"}


def test_without_a_file_the_key_is_named(write) -> None:
    (problem,) = checked_for_deploy(load(write("fleet_admin_pass: short")).settings)
    assert str(problem) == f"fleet_admin_pass: {SHORT}"
