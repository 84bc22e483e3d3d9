"""The file that `dcov init` writes: it can be used, and so can each key that is commented out."""

from __future__ import annotations

import re

import pytest

from dcov.config.example_file import example_file
from dcov.config.explain import explain, keys
from dcov.config.load import load

COMMENTED = re.compile(r"^#(?=\s*[a-z_]+:)", re.MULTILINE)


def test_it_can_be_used_as_it_is(write) -> None:
    config = load(write(example_file()))
    assert [str(server.name) for server in config.settings.servers] == ["gpu-01"]
    assert config.notices == ()
    assert config.secrets == ()


def test_every_key_can_be_uncommented(write, monkeypatch: pytest.MonkeyPatch) -> None:
    home = write("", name="x").parent
    (home / ".ssh").mkdir()
    write("key", name=".ssh/id_ed25519")
    monkeypatch.setenv("HOME", str(home))
    text = COMMENTED.sub("", example_file())
    config = load(write(text))
    assert config.settings.servers[0].exporter_ports == {"node_exporter": 19101}
    assert config.settings.ssl.domain == "monitoring.example.com"


def test_no_key_is_left_out_but_passwords() -> None:
    text = example_file()
    top = [key for key in keys() if "." not in key]
    missing = [key for key in top if not re.search(rf"^#?{key}:", text, re.MULTILINE)]
    for key in missing:
        found = explain(key)
        assert found.kind == "secret" or found.no_effect
    assert max(map(len, text.splitlines())) <= 110
