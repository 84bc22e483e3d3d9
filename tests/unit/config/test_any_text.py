"""Whatever stands in a configuration, what comes out is a site or a ConfigError."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dcov.config import splice
from dcov.config.document import Document
from dcov.config.load import load_source
from dcov.config.plain import Plain
from dcov.config.show import show
from dcov.config.source import Source
from dcov.errors import ConfigError, Problem
from dcov.inventory.server_list import parse_servers
from dcov.inventory.site import Site

WORDS = (
    *"\n :-[]{}&*!%\"'#,|>~@`?=.\t\\<",
    *(
        "\n  ",
        "\n  - ",
        "- ",
        ": ",
        "<<: ",
        "---\n",
        "&a ",
        "*a",
        "null",
        "on",
        "0x1F",
        "1e3",
        ".inf",
    ),
    *("!!bool ", "!!int ", "!!float ", "!!binary ", "!!set ", "!!timestamp ", "!!omap ", "!x "),
    *("site_name", "servers", "ssh", "master", "name", "server_ip", "ssh_jump", "labels", "port"),
    *(
        "prometheus",
        "extra_scrape_configs",
        "watchdog",
        "192.0.2.1",
        "local",
        "gpu-01",
        "é",
        "\x07",
    ),
)
TEXTS = st.lists(st.sampled_from(WORDS), max_size=40).map("".join)
SERVERS = st.lists(
    st.dictionaries(st.sampled_from(WORDS), st.sampled_from(WORDS), max_size=4), max_size=3
)


@settings(derandomize=True, deadline=None, max_examples=400)
@given(text=TEXTS)
def test_any_text_is_a_site_or_a_config_error(text: str) -> None:
    file = Path("fleet-config.yaml").absolute()
    source = Source(file=file, text=text, owner=os.geteuid(), mode=0o600)
    problems: tuple[Problem, ...] = ()
    try:
        config = load_source(source)
        Site.of_config(config)
        show(config.settings)
    except ConfigError as error:
        problems = error.problems
    assert all(problem.line >= 1 and problem.column >= 1 for problem in problems)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(text=TEXTS)
def test_any_list_is_servers_or_a_config_error(text: str) -> None:
    try:
        parse_servers(text)
    except ConfigError:
        return


@settings(derandomize=True, deadline=None, max_examples=200)
@example(servers=[], new={"\n": "\x85"})
@given(servers=SERVERS, new=st.dictionaries(st.sampled_from(WORDS), st.text(), max_size=3))
def test_what_is_added_is_read_back_as_it_is(servers: list[dict], new: dict[str, str]) -> None:
    """Quoted where YAML 1.1 would read something else."""
    text = "servers: # all\n"
    for server in (*servers, {"name": "last"}, new):
        text = splice.added(Document.parse(text, file=Path("x")), server)
    read = Plain(document=Document.parse(text, file=Path("x")))
    wanted = [
        {key: value for key, value in server.items() if value}
        for server in (*servers, {"name": "last"}, new)
    ]
    assert read.value() == {"servers": wanted}
    assert read.problems == []
