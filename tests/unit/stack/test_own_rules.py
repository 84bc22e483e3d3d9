"""The operator's own rule files, and those that the site named before."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from dcov import Context, Fleet, Server, task
from dcov.errors import ConfigError
from dcov.inventory.site import Site
from dcov.stack.own_rules import FormerRules, own_rules


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


def test_a_file_that_the_site_names_no_more_goes(tmp_path: Path) -> None:
    """Rules of dcov's own and of others stay; where there is no folder yet, nothing is to do."""
    for name in ("own-a.yml", "own-b.yml", "dcov-hosts.yml", "mine.yml"):
        write(tmp_path / "rules" / name, "groups: []\n")

    @task(on="all")
    def keep_a(ctx: Context) -> None:
        for folder in ("rules", "none"):
            rules = FormerRules(folder=PurePosixPath(tmp_path / folder), kept=("own-a.yml",))
            ctx.ensure(rules)

    changes = Fleet.of(Server(name="s0", local=True)).plan(keep_a).report["s0"].changes
    assert [change.diff for change in changes] == [("-own-b.yml",), ()]
    steps = FormerRules(folder=PurePosixPath("/rules"), kept=()).apply(changes[0])
    assert steps == (("remove", "/rules/own-b.yml"),)
