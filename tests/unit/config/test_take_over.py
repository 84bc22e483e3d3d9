"""Two changed copies of one site brought together: nothing is lost, and comments stay."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dcov.config.document import Document
from dcov.config.plain import Plain
from dcov.config.shared import local, masked, revision, shared
from dcov.config.take_over import take_over
from dcov.config.three_way import applied, compare_three, same
from dcov.errors import ConfigError

FILE = Path("fleet-config.yaml")
BASE = """\
site_name: x
ssh:
  port: 22 # as ever
servers:
  # the first
  - name: a
    server_ip: 192.0.2.1
  - name: b
    server_ip: 192.0.2.2
"""


def data(text: str) -> object:
    return Plain(document=Document.parse(text, file=FILE)).value()


@pytest.mark.parametrize(
    ("here", "there", "merged"),
    [
        # Each side another key of one server.
        (("server_ip: 192.0.2.1", "server_ip: 192.0.2.9"),
         ("name: a", "name: a\n    bmc_ip: 192.0.2.101"),
         (("server_ip: 192.0.2.1", "server_ip: 192.0.2.9\n    bmc_ip: 192.0.2.101"),)),
        # A server added on each side.
        (("  - name: b", "  - {name: c, server_ip: 192.0.2.3} # ours\n  - name: b"),
         ("192.0.2.2\n", "192.0.2.2\n  - name: d\n    server_ip: 192.0.2.4\n"),
         (("  - name: b", "  - {name: c, server_ip: 192.0.2.3} # ours\n  - name: b"),
          ("192.0.2.2\n", "192.0.2.2\n  - name: d\n    server_ip: 192.0.2.4\n"))),
        # One removed there, one changed here.
        (("port: 22 # as ever", "port: 2222 # new"),
         ("  - name: b\n    server_ip: 192.0.2.2\n", ""),
         (("port: 22 # as ever", "port: 2222 # new"),
          ("  - name: b\n    server_ip: 192.0.2.2\n", ""))),
        # The same on both.
        (("site_name: x", "site_name: y # ours"), ("site_name: x", "site_name: y"),
         (("site_name: x", "site_name: y # ours"),)),
        # Comments on both sides, and a value on one.
        (("  # the first\n", "  # the first, ours\n"),
         ("port: 22 # as ever", "port: 23 # not as ever"),
         (("  # the first\n", "  # the first, ours\n"),
          ("port: 22 # as ever", "port: 23 # not as ever"))),
        # A section there, a password here.
        (("ssh:\n", "ssh:\n  password: hunter\n"), ("site_name: x\n", "site_name: x\nmirror: a\n"),
         (("ssh:\n", "ssh:\n  password: hunter\n"), ("site_name: x\n", "site_name: x\nmirror: a\n"))),  # noqa: E501
        # Nothing here: their text as it is.
        (("site_name", "site_name"), ("site_name: x", "# theirs\nsite_name: z"),
         (("site_name: x", "# theirs\nsite_name: z"),)),
    ],
)  # fmt: skip
def test_what_both_sides_changed_is_there(
    here: tuple[str, str], there: tuple[str, str], merged: tuple[tuple[str, str], ...]
) -> None:
    wanted = BASE
    for old, new in merged:
        wanted = wanted.replace(old, new, 1)
    ours, theirs = BASE.replace(*here), BASE.replace(*there)
    assert take_over(ours, base=BASE, theirs=theirs, file=FILE) == wanted


@pytest.mark.parametrize(
    ("here", "there", "said"),
    [
        ("port: 23", "port: 24",
         "3:9: ssh.port: changed here (line 3: port: 23 # as ever) and on the master (line 3: po"),
        ("password: hunter-1", "password: hunter-2",
         "3:13: ssh.password: changed here (line 3: password: '***' # as ever) and on the master"),
    ],
)  # fmt: skip
def test_a_clash_names_both_lines(here: str, there: str, said: str) -> None:
    ours, theirs = BASE.replace("port: 22", here), BASE.replace("port: 22", there)
    with pytest.raises(ConfigError) as caught:
        take_over(ours, base=BASE, theirs=theirs, file=FILE)
    assert said in str(caught.value)
    assert "hunter" not in str(caught.value)
    assert take_over(ours, base=BASE, theirs=theirs, file=FILE, keep_ours=True) == (
        ours if "port" in here else BASE.replace("port: 22", here)
    )
    kept = take_over(ours, base=BASE, theirs=theirs, file=FILE, keep_ours=False)
    assert data(kept) == data(theirs)


def test_removed_there_and_changed_here_is_a_clash() -> None:
    ours = BASE.replace("192.0.2.2", "192.0.2.9")
    theirs = BASE.replace("  - name: b\n    server_ip: 192.0.2.2\n", "")
    with pytest.raises(ConfigError, match=r"servers\.b: changed here \(line 8: .*\(removed\)"):
        take_over(ours, base=BASE, theirs=theirs, file=FILE)
    with pytest.raises(ConfigError, match=r"servers\.b: changed here \(removed\) and on the mast"):
        take_over(theirs, base=BASE, theirs=ours, file=FILE)


def test_without_a_base_what_differs_is_a_clash_and_the_rest_is_added() -> None:
    theirs = BASE.replace("site_name: x\n", "mirror: a\n")
    merged = take_over(BASE, base=None, theirs=theirs, file=FILE)
    assert data(merged) == {**data(BASE), "mirror": "a"}
    with pytest.raises(ConfigError, match=r"ssh\.port: changed here"):
        take_over(BASE.replace("22", "23"), base=None, theirs=theirs, file=FILE)


def test_a_text_in_which_parts_refer_to_each_other_is_left_to_people() -> None:
    """What is taken out is what another server is made from."""
    ours = """\
servers: # ours
  - &one {name: a, server_ip: 192.0.2.1}
  - {<<: *one, name: b, ssh_port: 2222}
"""
    base = ours.replace(" # ours", "")
    theirs = "servers:\n  - {name: b, server_ip: 192.0.2.1, ssh_port: 2222}\n"
    with pytest.raises(ConfigError, match="in a way that dcov cannot merge safely"):
        take_over(ours, base=base.replace("2222", "2223"), theirs=theirs, file=FILE)


VALUES = st.sampled_from(["x", "y", 1, 2, True])
SECTIONS = st.dictionaries(st.sampled_from(["port", "username", "agent"]), VALUES, max_size=3)
SERVERS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from("abcd"), "server_ip": VALUES},
        optional={"bmc_ip": VALUES, "labels": st.dictionaries(st.sampled_from("rs"), VALUES)},
    ),
    max_size=4,
    unique_by=lambda server: server["name"],
)
SITES = st.fixed_dictionaries(
    {}, optional={"site_name": VALUES, "ssh": SECTIONS, "bmc": SECTIONS, "servers": SERVERS}
)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(base=SITES, ours=SITES, theirs=SITES, keep=st.booleans())
def test_the_text_says_what_the_merge_of_the_data_says(base, ours, theirs, keep) -> None:
    """Whatever the three are; and the other side's changes are all in it, or clash."""
    text = yaml.safe_dump(ours, sort_keys=False)
    other = yaml.safe_dump(theirs, sort_keys=False)
    before = yaml.safe_dump(base, sort_keys=False)
    edits, clashes = compare_three(base, ours=ours, theirs=theirs)
    if clashes and text != before:
        with pytest.raises(ConfigError) as caught:
            take_over(text, base=before, theirs=other, file=FILE)
        assert len(caught.value.problems) == len(clashes)
        merged = take_over(text, base=before, theirs=other, file=FILE, keep_ours=keep)
        assert keep or compare_three(base, ours=data(merged), theirs=theirs) == ((), ())
        return
    merged = take_over(text, base=before, theirs=other, file=FILE)
    assert same(data(merged), applied(ours, edits))


SECRETS = """\
site_name: x
fleet_admin_pass: hunter
ssh: {username: me, password: hunter, key_path: ~/.ssh/hunter}
ssl: {key_path: /etc/ssl/kept.key}
bmc: # ours
  password: hunter
grafana:
  # not for others
  admin_password: hunter
  port: 3000
vast:
  api_keys: [{name: a, key: hunter}]
watchdog: {api_key: hunter, ping_interval: 5}
servers:
  - name: a
    server_ip: 192.0.2.1
    bmc_password: hunter
    ssh_key_path: /root/hunter
    sudo_password: hunter
    labels: {token: kept}
"""


def test_what_is_shared_has_no_password_and_no_key(write) -> None:
    text = shared(SECRETS, file=FILE)
    assert "hunter" not in text
    assert "hunter" not in masked(SECRETS, file=FILE)
    assert data(text) == {
        "site_name": "x",
        "ssh": {"username": "me"},
        "ssl": {"key_path": "/etc/ssl/kept.key"},
        "grafana": {"port": 3000},
        "watchdog": {"ping_interval": 5},
        "servers": [{"name": "a", "server_ip": "192.0.2.1", "labels": {"token": "kept"}}],
    }
    assert "# not for others" in text
    assert shared(text, file=FILE) == text


def test_every_secret_of_the_models_stays_with_its_controller() -> None:
    """The rule goes by names: no field may be added that it does not know."""
    from dcov.config.schema import schema

    made = schema()

    def walk(part: dict, path: tuple[str, ...]) -> None:
        if part.get("writeOnly") or part.get("format") == "path":
            names = [step for step in path if step != "*"]
            inner: object = "x"
            for name in reversed(names[1:]):
                inner = {name: inner}
            assert list(local({names[0]: inner})), path
        for choice in (*part.get("anyOf", ()), *part.get("oneOf", ())):
            walk(choice, path)
        if "$ref" in part:
            walk(made["$defs"][part["$ref"].rpartition("/")[2]], path)
        if "items" in part:
            walk(part["items"], (*path, "*"))
        for key, below in part.get("properties", {}).items():
            walk(below, (*path, key))

    walk({"properties": made["properties"]}, ())


def test_a_password_that_others_refer_to_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"move it into \.secrets\.yaml"):
        shared("base: &b {password: hunter}\nbmc:\n  <<: *b\n", file=FILE)


def test_many_servers_with_passwords_are_done_in_few_passes() -> None:
    one = "  - {{name: s{n}, server_ip: 192.0.2.1, bmc_password: a, ssh_password: b}}\n"
    text = "servers:\n" + "".join(one.format(n=n) for n in range(300))
    assert "_password" not in shared(text, file=FILE)


def test_a_revision_is_of_the_text() -> None:
    assert revision(BASE) == revision(BASE)
    assert revision(BASE) != revision(BASE + "\n")
