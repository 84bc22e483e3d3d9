"""Any key set or taken away in a file's text; comments and order stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from dcov.config import graft
from dcov.config.document import Document, Loc
from dcov.config.plain import Plain
from dcov.config.splice import CannotSpliceError

TEXT = """\
# a site
site_name: x # its name

ssh:
  # the password
  password: hunter
  port: 22 # as ever
grafana: {admin_password: hunter, port: 3000}
bmc:
  password: hunter
vast:
  api_keys:
    - {name: a, key: hunter}
    - {name: b, key: hunter}
# the servers
servers:
  - name: a
    bmc_password: hunter # default
    server_ip: 192.0.2.1
  - bmc_password: hunter
    server_ip: 192.0.2.2
  - {server_ip: 192.0.2.3, bmc_password: hunter}
"""


def parsed(text: str) -> Document:
    return Document.parse(text, file=Path("x"))


@pytest.mark.parametrize(
    ("loc", "gone"),
    [
        (("ssh", "password"), "  password: hunter\n"),
        (("ssh", "port"), "  port: 22 # as ever\n"),
        (("grafana", "admin_password"), "admin_password: hunter, "),
        (("grafana", "port"), ", port: 3000"),
        (("bmc", "password"), "bmc:\n  password: hunter\n"),
        (("vast", "api_keys"),
         "vast:\n  api_keys:\n    - {name: a, key: hunter}\n    - {name: b, key: hunter}\n"),
        (("servers", 0, "bmc_password"), "    bmc_password: hunter # default\n"),
        (("servers", 1, "bmc_password"), "bmc_password: hunter\n    "),
        (("servers", 2, "bmc_password"), ", bmc_password: hunter"),
        (("site_name",), "site_name: x # its name\n"),
    ],
)  # fmt: skip
def test_drop_takes_one_key_and_what_it_leaves_empty(loc: Loc, gone: str) -> None:
    assert graft.drop(parsed(TEXT), loc) == TEXT.replace(gone, "", 1)


@pytest.mark.parametrize(
    ("loc", "value", "old", "new"),
    [
        (("site_name",), "y", "site_name: x", "site_name: y"),
        (("ssh", "port"), 2222, "port: 22", "port: 2222"),
        (("ssh", "agent"), True, "port: 22 # as ever\n", "port: 22 # as ever\n  agent: true\n"),
        (("bmc", "username"), "12", "bmc:\n  password: hunter\n",
         "bmc:\n  password: hunter\n  username: '12'\n"),
        (("grafana", "home_dashboard"), "main", "3000}", "3000, home_dashboard: main}"),
        (("servers", 1, "labels", "rack"), "a1", "server_ip: 192.0.2.2\n",
         "server_ip: 192.0.2.2\n    labels:\n      rack: a1\n"),
        (("ssl", "domain"), "x.example", "192.0.2.3, bmc_password: hunter}\n",
         "192.0.2.3, bmc_password: hunter}\nssl:\n  domain: x.example\n"),
    ],
)  # fmt: skip
def test_put_sets_one_key(loc: Loc, value: object, old: str, new: str) -> None:
    assert graft.put(parsed(TEXT), loc, value) == TEXT.replace(old, new, 1)


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}\n", "ssh:\n", "ssh: null\n", "ssh: {}\n"])
def test_put_makes_what_is_missing(text: str) -> None:
    made = graft.put(parsed(text), ("ssh", "port"), 22)
    assert Plain(document=parsed(made)).value() == {"ssh": {"port": 22}}


def test_the_last_key_of_a_file_leaves_nothing() -> None:
    assert graft.drop(parsed("# x\nssh:\n  port: 22\n"), ("ssh", "port")) == "# x\n"
    assert graft.drop(parsed("{ssh: {port: 22}}\n"), ("ssh", "port")) == "{}\n"


@pytest.mark.parametrize(
    ("text", "loc"),
    [
        ("base: &b {port: 22}\nssh:\n  <<: *b\n", ("ssh", "port")),
        ("servers:\n  - password: x\n", ("servers", 0, "password")),
    ],
)
def test_what_cannot_be_dropped_safely_is_refused(text: str, loc: Loc) -> None:
    with pytest.raises(CannotSpliceError):
        graft.drop(parsed(text), loc)


def test_nothing_is_put_into_what_is_no_mapping() -> None:
    with pytest.raises(CannotSpliceError, match="ssh is no mapping"):
        graft.put(parsed("ssh: x\n"), ("ssh", "port"), 22)
