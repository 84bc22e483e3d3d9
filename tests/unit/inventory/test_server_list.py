"""Lists of servers as people paste them, and what is wrong with which line."""

from __future__ import annotations

from pathlib import Path

import pytest

from dcov.errors import ConfigError
from dcov.inventory.server_list import parse_servers, plain_keys

CSV = "name,ip,ssh_user,ssh_port,ssh_password\n"


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("", []),
        ("192.0.2.1\n", [{"name": "server-1", "server_ip": "192.0.2.1"}]),
        (
            "192.0.2.1,192.0.2.101",
            [{"name": "server-1", "server_ip": "192.0.2.1", "bmc_ip": "192.0.2.101"}],
        ),
        ("gpu-01,192.0.2.1", [{"name": "gpu-01", "server_ip": "192.0.2.1"}]),
        ("gpu-01.example.com", [{"name": "server-1", "server_ip": "gpu-01.example.com"}]),
        (
            "gpu-01, 192.0.2.1, 192.0.2.101, ADMIN, secret",
            [
                {
                    "name": "gpu-01",
                    "server_ip": "192.0.2.1",
                    "bmc_ip": "192.0.2.101",
                    "bmc_user": "ADMIN",
                }
            ],
        ),
        (
            "\ufeff# the rack\n\nb,192.0.2.2\r\n192.0.2.3\n",
            [
                {"name": "b", "server_ip": "192.0.2.2"},
                {"name": "server-1", "server_ip": "192.0.2.3"},
            ],
        ),
        (
            "global:ops,secret\n192.0.2.1\n192.0.2.2,root\n192.0.2.3,root,other",
            [
                {"name": "gpu-01", "server_ip": "192.0.2.1", "ssh_user": "ops"},
                {"name": "gpu-02", "server_ip": "192.0.2.2", "ssh_user": "root"},
                {"name": "gpu-03", "server_ip": "192.0.2.3", "ssh_user": "root"},
            ],
        ),
        (
            CSV + "a,192.0.2.1,ops,2222,secret\nb,192.0.2.2\n",
            [
                {"name": "a", "server_ip": "192.0.2.1", "ssh_user": "ops", "ssh_port": 2222},
                {"name": "b", "server_ip": "192.0.2.2"},
            ],
        ),
        ("IP\n192.0.2.1", [{"name": "server-1", "server_ip": "192.0.2.1"}]),
        (
            "globalSSH:ops,secret\nglobalIPMI:ADMIN,secret\na,192.0.2.1,192.0.2.101",
            [
                {
                    "name": "a",
                    "server_ip": "192.0.2.1",
                    "ssh_user": "ops",
                    "bmc_ip": "192.0.2.101",
                    "bmc_user": "ADMIN",
                }
            ],
        ),
    ],
)
def test_the_forms(text: str, servers: list[dict[str, object]]) -> None:
    assert [plain_keys(server) for server in parse_servers(text)] == servers


def test_passwords_are_secrets_and_are_not_for_the_configuration() -> None:
    (server,) = parse_servers('a,192.0.2.1,192.0.2.101,ADMIN,"with, comma"')
    assert server.bmc_password.reveal() == "with, comma"
    assert "comma" not in repr(server)
    assert "bmc_password" not in plain_keys(server)


def test_a_key_for_all_of_them(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("key")
    (server,) = parse_servers(f"global:{key}\n192.0.2.1")
    assert server.ssh_key_path == key


def test_new_names_are_not_those_taken() -> None:
    text = "192.0.2.1\nserver-2,192.0.2.2\n192.0.2.3"
    names = [server.name for server in parse_servers(text, taken={"server-1"})]
    assert names == ["server-3", "server-2", "server-4"]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("192.0.2.300", ["-:1:1: server_ip: 192.0.2.300 is no IP address"]),
        ("a b,192.0.2.1", ["-:1:1: name: 'a b' is no name: up to 128 letters, digits and . _ -, "]),
        ("192.0.2.1,me", ["-:1:1: bmc_ip: is no address of a BMC; lines of IP,USER follow "]),
        ("a,192.0.2.1,x y", ["-:1:1: bmc_ip: 'x y' is neither an IP address nor a DNS name"]),
        ("1,2,3,4,5,6", ["-:1:1: too many values; a line is IP, IP,BMC, NAME,IP or "]),
        ("global:me\n192.0.2.1", ["-:1:1: must be `global:USER,PASSWORD` or `global:/PATH/KEY`"]),
        ("global:/nowhere\n192.0.2.1", ["-:2:1: ssh_key_path: there is no key file /nowhere"]),
        ("name,ip,user\nx,192.0.2.1,me", ["-:1:1: unknown column 'user'; did you mean ssh_user?"]),
        (CSV + "a,192.0.2.1,me,ssh", ["-:2:1: ssh_port: must be a whole number, not text"]),
        (CSV + "a,192.0.2.1,me,0", ["-:2:1: ssh_port: must be 1 or more"]),
        (CSV + "a", ["-:2:1: server_ip: is missing"]),
        (CSV + "a,192.0.2.1,me,22,x,y", ["-:2:1: too many values; a line is name,ip,"]),
        ("a,192.0.2.1\n\na,192.0.2.2", ["-:3:1: name: two servers are called 'a' (the other: lin"]),
        ("a,192.0.2.1\nb,192.0.2.1", ["-:2:1: server_ip: b and a are both at 192.0.2.1 port 22"]),
        (
            "192.0.2.300\n# fine\nx y,192.0.2.1\n192.0.2.2",
            ["-:1:1: server_ip: 192.0.2.300", "-:3:1: name: 'x y'"],
        ),
    ],
)
def test_each_wrong_line_is_named(text: str, problems: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_servers(text)
    said = [str(problem) for problem in caught.value.problems]
    assert len(said) == len(problems)
    assert all(one.startswith(start) for one, start in zip(said, problems, strict=True))


def test_no_error_repeats_a_password() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_servers("a,192.0.2.1,192.0.2.2,ADMIN,hunter22,x\nglobalSSH:\nb,1.2,1,u,hunter33")
    assert "hunter" not in str(caught.value)


def test_the_file_is_named_where_there_is_one() -> None:
    with pytest.raises(ConfigError, match=r"rack\.txt:1:1: server_ip"):
        parse_servers("192.0.2.300", file=Path("rack.txt"))
