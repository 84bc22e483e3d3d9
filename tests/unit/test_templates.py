"""Templates: docs/templates.md has their variables, a site's own win, errors name their line."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from jinja2 import nodes
from jinja2.meta import find_undeclared_variables
from pages import ROOT, Page
from rendered_site import RenderedSite
from sites import SITES

from dcov.errors import ConfigError, PathTakenError, UnknownNameError
from dcov.exporters.catalogue import CATALOGUE
from dcov.monitoring import rules
from dcov.rendering import INTERNAL, Templates
from dcov.stack import grafana, prometheus, proxy
from dcov.stack.proxy.family import Family
from dcov.stack.proxy.routes import ROUTES, Route

SECTION = re.compile(
    r"^## `?(?P<name>[^`\n]+)`?\n(?P<text>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL
)
ROW = re.compile(r"^\| `(?P<name>[\w.]+)` \| (?P<type>[^|]+) \|", re.MULTILINE)
TYPES: Mapping[str, tuple[type, ...]] = {
    "text": (str, PurePosixPath),
    "number": (int,),
    "yes or no": (bool,),
    "list": (list, tuple),
    "mapping": (Mapping,),
    "object": (object,),
    "function": (type(Templates().used),),
}
NAMES = list(Templates().used())


class Watched(Templates):
    """Renders as ever, and keeps what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.given: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)

    def render(self, name: str, values: Mapping[str, Any]) -> str:
        self.given[name].append(values)
        return super().render(name, values)


@dataclass(frozen=True)
class Documented:
    """What the page says of one template: the type of each variable, and of what they have."""

    rows: Mapping[str, str]

    @property
    def variables(self) -> set[str]:
        return {name for name in self.rows if "." not in name}

    @property
    def parts(self) -> set[str]:
        return set(self.rows) - self.variables


@cache
def page() -> Mapping[str, Documented]:
    text = Page(ROOT / "docs" / "templates.md").text
    return {
        found["name"]: Documented(
            {row["name"]: row["type"].strip() for row in ROW.finditer(found["text"])}
        )
        for found in SECTION.finditer(text)
    }


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[Mapping[str, Any]]]:
    """What every template is given, by the code that deploys sites as different as they come."""
    watched = Watched()
    for example in SITES.values():
        folder = tmp_path_factory.mktemp("site")
        site = RenderedSite.of(
            example.config, folder=folder, survey=example.survey, templates=watched
        )
        stack = site.stack
        stack.compose()
        prometheus.files(stack, existing=None)
        grafana.files(stack)
        proxy.files(stack, logins="")
        if container := stack.family:
            family = Family(
                container=container, routes=ROUTES, missing=ROUTES, place=PurePosixPath("/x")
            )
            family.added(stack)
            proxy.gate_files(stack, family=family)
    for exporter in CATALOGUE:
        exporter.render(watched, port=exporter.port)
    rules(watched)
    return watched.given


def parsed(name: str) -> nodes.Template:
    templates = Templates()
    return templates._environment.parse(templates.used()[name].read_text())


def test_the_page_has_every_template() -> None:
    """And the table in front of them, too; what is dcov's own code is nobody's to replace."""
    sections = [name for name in page() if "/" in name]
    assert sorted(sections) == NAMES
    table = Page(ROOT / "docs" / "templates.md").text.partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    listed = {name for line in rows for name in re.findall(r"`([^`]+)`", line.split(" | ")[0])}
    assert listed == set(NAMES)
    assert not [name for name in NAMES if name.startswith(INTERNAL)]


@pytest.mark.parametrize("name", NAMES)
def test_the_page_has_just_the_variables_that_are_given(
    given: Mapping[str, list[Mapping[str, Any]]], name: str
) -> None:
    """Whatever the site: what is documented is always there, and nothing else."""
    assert given[name], "no deploy renders it"
    for values in given[name]:
        assert set(values) == page()[name].variables


@pytest.mark.parametrize("name", NAMES)
def test_the_page_has_just_the_variables_that_are_used(name: str) -> None:
    used = find_undeclared_variables(parsed(name))
    unused = {"user", "listen"} if name == "units/dc-exporter.service.j2" else set()
    assert used | unused == page()[name].variables
    assert not used & unused


@pytest.mark.parametrize("name", NAMES)
def test_what_a_variable_has_is_documented(
    given: Mapping[str, list[Mapping[str, Any]]], name: str
) -> None:
    """Each attribute that a template reads stands in the page, and each in the page exists."""
    documented = page()[name]
    objects = {key for key in documented.variables if documented.rows[key] == "object"} | {"route"}
    read = {
        f"{node.node.name}.{node.attr}"
        for node in parsed(name).find_all(nodes.Getattr)
        if isinstance(node.node, nodes.Name) and node.node.name in objects
    }
    assert read <= documented.parts | page()["Routes"].parts
    for values in given[name]:
        for variable, kind in documented.rows.items():
            assert _fits(_value(values, variable), kind), variable


def _value(values: Mapping[str, Any], variable: str) -> Any:
    first, *parts = variable.split(".")
    value = values[first]
    for part in parts:
        value = getattr(value, part)
    return value


def _fits(value: Any, kind: str) -> bool:
    if kind.endswith(" or none"):
        return value is None or _fits(value, kind.removesuffix(" or none"))
    if isinstance(value, bool) and kind == "number":
        return False
    return isinstance(value, TYPES[kind])


def test_what_a_route_has_is_documented() -> None:
    """All of it, as there is one kind of route for all templates."""
    rows = page()["Routes"].rows
    public = {name for name in dir(Route) if not name.startswith("_")}
    assert {name.removeprefix("route.") for name in rows} == public
    for route in ROUTES:
        assert all(_fits(_value({"route": route}, name), kind) for name, kind in rows.items())


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "templates"
    (folder / "stack").mkdir(parents=True)
    return folder


def test_a_sites_own_template_is_used(own: Path) -> None:
    """It is the whole of it; the others are dcov's as before."""
    (own / "stack" / "landing.html.j2").write_text("<h1>{{ site }}</h1>\n")
    templates = Templates(own)
    assert templates.render("stack/landing.html.j2", {"site": "A & B"}) == "<h1>A &amp; B</h1>\n"
    whose = {name: templates.whose(name) for name in templates.used()}
    assert [name for name, who in whose.items() if who == "site"] == ["stack/landing.html.j2"]
    assert set(whose) == set(NAMES)


def test_a_copy_is_dcovs_to_the_byte(own: Path) -> None:
    """It is never written over another."""
    templates = Templates(own)
    copy = templates.copy("units/node_exporter.service.j2")
    assert copy == own / "units" / "node_exporter.service.j2"
    assert copy.read_bytes() == (ROOT / "templates/units/node_exporter.service.j2").read_bytes()
    assert templates.whose("units/node_exporter.service.j2") == "site"
    copy.write_text("mine")
    with pytest.raises(PathTakenError):
        templates.copy("units/node_exporter.service.j2")
    assert copy.read_text() == "mine"


@pytest.mark.parametrize("name", ["stack/nginx.conf", "remote/converge.sh", "../pyproject.toml"])
def test_only_a_public_template_is_copied(own: Path, name: str) -> None:
    with pytest.raises(UnknownNameError):
        Templates(own).copy(name)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("one\n{{ sit }}\n", 2, "'sit' is undefined"),
        ("{% macro m() %}\n\n{{ sit }}\n{% endmacro %}\n{{ m() }}\n", 3, "'sit' is undefined"),
        ("one\ntwo\n{{ site.no }}\n", 3, "no attribute 'no'"),
        ("one\n{% if site %}\n", 2, "endif"),
        ("one\n{{ 1 / 0 }}\n", 2, "ZeroDivisionError"),
        ("{{ site }}\n{% include 'no.j2' %}\n", 2, "no.j2"),
    ],
)
def test_what_is_wrong_with_a_template_is_named_with_its_line(
    own: Path, text: str, line: int, message: str
) -> None:
    file = own / "stack" / "prometheus.yml.j2"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        Templates(own).render("stack/prometheus.yml.j2", {"site": "Test"})
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (file, line)
    assert message in problem.message


def test_braces_of_prometheus_stand_in_a_raw_block(own: Path) -> None:
    """Rule files are templates, too."""
    file = own / "prometheus" / "rules" / "dcov-hosts.yml"
    file.parent.mkdir(parents=True)
    file.write_text("{% raw %}\nsummary: {{ $labels.instance }}\n{% endraw %}\n")
    assert "{{ $labels.instance }}" in rules(Templates(own))["dcov-hosts.yml"]
