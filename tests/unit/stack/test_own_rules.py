"""The operator's own rule files."""

from __future__ import annotations

from pathlib import Path

import pytest

from dcov.errors import ConfigError
from dcov.inventory.site import Site
from dcov.stack.own_rules import own_rules


def site(folder: Path, *named: str) -> Site:
    """A site that names these rule files."""
    config = folder / "fleet-config.yaml"
    config.write_text(f"prometheus: {{rule_files: {list(named)}}}\n")
    return Site.load(config)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def test_a_pattern_names_all_that_match(tmp_path: Path) -> None:
    """As the example does that `dcov explain` shows; one with brackets in its name is a file."""
    for name in ("a.yml", "b.yml", "c.txt", "d[1].yml"):
        write(tmp_path / "rules" / name, name)
    found = own_rules(site(tmp_path, "rules/[ab].yml", "rules/d[1].yml"))
    assert found == {f"own-{name}": name for name in ("a.yml", "b.yml", "d[1].yml")}


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder in ("gpu", "net"):
        write(tmp_path / folder / "alerts.yml", folder)
    with pytest.raises(
        ConfigError, match=r"rule_files\[1\]: two rule files are called alerts\.yml"
    ):
        own_rules(site(tmp_path, "gpu/alerts.yml", "net/alerts.yml"))


def test_what_is_not_there_or_not_utf_8_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"rule_files\[0\]: .*/none/\*\.yml: cannot be read"):
        own_rules(site(tmp_path, "none/*.yml"))
    (tmp_path / "latin.yml").write_bytes("# für\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"rule_files\[0\]: .*/latin\.yml:1:4: is not UTF-8"):
        own_rules(site(tmp_path, "latin.yml"))
