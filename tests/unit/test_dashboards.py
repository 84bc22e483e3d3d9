"""The dashboards are whole, current, ask for records only, and Prometheus answers them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import past_fleet
import pytest
import yaml
from native_prometheus import Serving, serving
from pages import ROOT

from dcov.dashboards import BOARDS
from dcov.monitoring import dashboards, rules
from dcov.stack import Templates

pytestmark = pytest.mark.xdist_group("dashboards")  # one Prometheus

LOADED: dict[str, dict[str, Any]] = {name: json.loads(text) for name, text in dashboards().items()}
SERVERS = ("gpu-01", "gpu-02", "gpu-03", "master")
PANELS = [
    pytest.param(panel, id=f"{name.removesuffix('.json')}-{panel['title']}")
    for name, board in LOADED.items()
    for panel in board["panels"]
    if panel["type"] != "row"
]
RECORDS = {
    rule["record"]
    for text in rules(Templates()).values()
    for group in yaml.safe_load(text)["groups"]
    for rule in group["rules"]
}
each_panel = pytest.mark.parametrize("panel", PANELS)
each_board = pytest.mark.parametrize("board", LOADED.values(), ids=LOADED)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    past = past_fleet.openmetrics(time.time())
    folder = tmp_path_factory.mktemp("prometheus")
    with serving(folder, rules=rules(Templates()), past=past) as server:
        yield server


def test_the_files_are_current() -> None:
    """`python -m dcov.dashboards` writes them anew."""
    assert dict(dashboards()) == {board.file: board.text() for board in BOARDS}


def test_every_dashboard_is_known_by_its_own_uid() -> None:
    uids = [board["uid"] for board in LOADED.values()]
    assert sorted(uids) == ["dc-overview-main", "dc-overview-server"]


@each_board
def test_no_panel_covers_another(board: dict[str, Any]) -> None:
    cells = [
        {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        for place in (panel["gridPos"] for panel in board["panels"])
    ]
    assert all(0 <= x < 24 for own in cells for x, _ in own)
    assert not [one for one, other in combinations(cells, 2) if one & other]
    for own in ("id", "title"):
        found = [panel[own] for panel in board["panels"]]
        assert len(found) == len(set(found))


@each_panel
def test_a_panel_says_what_it_shows(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["type"] in {"stat", "timeseries", "table", "state-timeline"}  # Grafana's own
    sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
    assert all(source == {"type": "prometheus", "uid": "prometheus"} for source in sources)
    letters = [target["refId"] for target in panel["targets"]]
    assert letters == sorted(set(letters))


def names(expr: str) -> set[str]:
    """Name the metrics that an expression reads."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", expr)
    bare = re.sub(r"\b(by|on|group_left|without|ignoring)\s*\([^)]*\)", " ", bare)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", bare)
    words = re.findall(r"[a-zA-Z_:][\w:]*(?!\w)(?!\s*\()", bare)
    return {word for word in words if word not in {"and", "or", "unless", "e6", "group_left"}}


def exprs(panel: dict[str, Any]) -> list[str]:
    return [target["expr"] for target in panel["targets"]]


@each_panel
def test_a_panel_asks_for_records_only(panel: dict[str, Any]) -> None:
    """Not for an exporter's own names, which differ from one to the other."""
    for expr in exprs(panel):
        assert names(expr), expr
        assert names(expr) <= RECORDS, expr


def on(server: str, expr: str) -> str:
    return expr.replace("$instance", server)


@each_panel
def test_prometheus_answers_for_every_server(panel: dict[str, Any], prometheus: Serving) -> None:
    """No expression fails on any server, and each gives series on one that has what it asks for."""
    for expr in exprs(panel):
        answers = [prometheus.query(on(server, expr)) for server in SERVERS]
        assert any(answers), expr
        values = [float(item["value"][1]) for answer in answers for item in answer]
        assert all(abs(value) < float("inf") for value in values), expr  # no NaN either


@pytest.mark.parametrize("panel", [p for p in PANELS if p.values[0]["type"] != "table"])
def test_prometheus_answers_over_time(panel: dict[str, Any], prometheus: Serving) -> None:
    now = time.time()
    for expr in exprs(panel):
        span = {"start": now - 2, "end": now, "step": 1}
        assert any(
            prometheus.ask("query_range", query=on(server, expr), **span)["result"]
            for server in SERVERS
        ), expr


@pytest.mark.parametrize("panel", [p for p in PANELS if p.values[0]["type"] == "table"])
def test_the_rows_of_a_table_can_be_joined(panel: dict[str, Any], prometheus: Serving) -> None:
    """Each column's answers have the same labels, but for those that it shows, and are unique."""
    *_, last = panel["transformations"]
    if last["id"] != "organize":
        assert prometheus_labels(panel, prometheus) == [{"instance", "gpu"}]
        return
    shown = set(last["options"]["indexByName"])
    found = prometheus_labels(panel, prometheus)
    keys = set.intersection(*found)
    assert keys
    for labels, target in zip(found, panel["targets"], strict=True):
        value = "Value" if len(found) == 1 else f"Value #{target['refId']}"
        assert labels | {value} <= shown, target["expr"]
        if labels != keys:
            assert len(labels - keys) == 1, target["expr"]
            assert last["options"]["excludeByName"][value], target["expr"]
    titles = last["options"]["renameByName"].values()
    assert panel["options"]["sortBy"][0]["displayName"] in titles
    looked_at = {item["matcher"]["options"] for item in panel["fieldConfig"]["overrides"]}
    assert looked_at <= set(titles)


def prometheus_labels(panel: dict[str, Any], prometheus: Serving) -> list[set[str]]:
    found = []
    for expr in exprs(panel):
        answers = [item for server in SERVERS for item in prometheus.query(on(server, expr))]
        found.append({label for item in answers for label in item["metric"]})
        assert all(set(item["metric"]) == found[-1] for item in answers), expr
    return found


@each_board
def test_links_lead_to_dashboards(board: dict[str, Any]) -> None:
    uids = {other["uid"] for other in LOADED.values()}
    links = re.findall(r'"/d/([\w-]+)', json.dumps(board))
    assert links
    assert set(links) <= uids


@each_board
def test_the_reader_chooses_among_what_there_is(board: dict[str, Any], prometheus: Serving) -> None:
    for variable in board["templating"]["list"]:
        found = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
        assert found, variable
        selector, label = found.groups()
        assert {item["metric"][label] for item in prometheus.query(selector)} == set(SERVERS)


def test_what_is_wrong_is_found(prometheus: Serving) -> None:
    """The tables name what broke in this past, and nothing else."""

    def rows(title: str) -> set[tuple[str, ...]]:
        (panel,) = [p for p in LOADED["fleet.json"]["panels"] if p["title"] == title]
        keys = ("instance", "job", "gpu", "reason", "mountpoint")
        return {
            tuple(item["metric"][key] for key in keys if key in item["metric"])
            for expr in exprs(panel)
            for item in prometheus.query(expr)
        }

    assert rows("Silent exporters") == {("gpu-03", "node"), ("gpu-03", "gpu")}
    assert rows("Servers that miss GPUs") == {("gpu-01",), ("gpu-02",)}
    reason = "HwThermalSlowdown"
    assert rows("What holds GPUs back") == {("gpu-01", "0", reason), ("gpu-01", "1", reason)}
    broken = {("gpu-01", "0"), ("gpu-01", "1"), ("gpu-02", "1"), ("gpu-02", "2")}
    assert rows("Broken GPUs") == broken
    servers = ("gpu-01", "gpu-02", "master")
    assert rows("Disks that fill") == {(server, "/var/lib/docker") for server in servers}


def test_a_label_of_a_server_can_be_joined(prometheus: Serving) -> None:
    """As docs/metrics.md says."""
    page = " ".join((ROOT / "docs" / "metrics.md").read_text().split())
    expr = 'instance:memory_used:ratio * on (instance) group_left (rack) up{job="node"} ^ 0'
    assert f"`{expr}`" in page
    assert {item["metric"].get("rack") for item in prometheus.query(expr)} == {"a1"}
