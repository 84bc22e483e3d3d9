"""What of an older product's prometheus.yml and rules is the operator's."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
import yaml

from dcov.errors import ConfigError
from dcov.inventory.entry import Entry, Login
from dcov.inventory.site import Site
from dcov.monitoring import splice
from dcov.stack.inherited import host_path, inherit, rule_paths
from dcov.stack.survey import Container, Mount
from fleetlab.older import PROMETHEUS_YML, RULES_YML

WORKER = Entry(name="gpu-01", login=Login(address="192.0.2.21"))
SITE = Site.of(WORKER)
TEXT = PROMETHEUS_YML % {"worker": "gpu-01", "address": "192.0.2.21"}
STATIC = "static_configs: [{targets: ['prometheus:9090']}]"
DISCOVERED = """\
scrape_configs:
- job_name: dc-managed
  http_sd_configs:
  - url: http://dc-overview:5001/api/prometheus/discovery
    refresh_interval: 30s
remote_write: # theirs
- url: http://192.0.2.5/push
"""


def inherited(text: str, **rules: str):
    return inherit(text, site=SITE, rules=rules, records={"gpu:core_temp:celsius"}, file="theirs")


def test_the_products_jobs_go_and_the_operators_stays_with_its_comment() -> None:
    found = inherited(TEXT)
    assert (found.kept, found.dropped) == (("switches",), ("prometheus", "master", "gpu-01"))
    data = yaml.safe_load(found.text)
    assert data["scrape_configs"] == [
        job for job in yaml.safe_load(TEXT)["scrape_configs"] if job["job_name"] == "switches"
    ]
    assert data["global"] == {"scrape_interval": "1s", "evaluation_interval": "1s"}
    assert data["rule_files"] == ["rules/*.yml"]
    assert "  # The operator's own.\n  - job_name: switches\n" in found.text


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        ("192.0.2.21:9100", "192.0.2.99:9100", "gpu-01"),
        ("host.docker.internal:9835", "192.0.2.1:9182", "master"),
        ("'prometheus:9090'", "'prometheus:9090', 'other:9090'", "prometheus"),
    ],
)
def test_a_job_of_the_product_that_somebody_changed_stays(old: str, new: str, kept: str) -> None:
    assert old in TEXT
    assert inherited(TEXT.replace(old, new)).kept == (
        ("switches", kept) if kept != "prometheus" else ("prometheus", "switches")
    )


def test_jobs_may_all_be_the_products(caplog: pytest.LogCaptureFixture) -> None:
    """What is left takes dcov's own jobs, and what stands behind them stays."""
    found = inherited(DISCOVERED)
    assert (found.kept, found.dropped) == ((), ("dc-managed",))
    text = splice(found.text, jobs="- job_name: dcov\n", file="theirs")
    data = yaml.safe_load(text)
    assert [job["job_name"] for job in data["scrape_configs"]] == ["dcov"]
    assert data["remote_write"] == [{"url": "http://192.0.2.5/push"}]
    assert "# theirs" in text


@pytest.mark.parametrize(
    "text",
    [
        f"scrape_configs: [{{job_name: prometheus, {STATIC}}}]",
        f"scrape_configs:\n-\n  job_name: prometheus\n  {STATIC}\n",
    ],
)  # fmt: skip
def test_what_cannot_be_taken_out_by_lines_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="theirs: take out the jobs prometheus by hand"):
        inherited(text)


@pytest.mark.parametrize("text", ["- a list", "a: [b", ""])
def test_what_is_no_configuration_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="theirs"):
        inherited(text)


def test_of_the_rules_those_stay_that_dcov_does_not_ship() -> None:
    """A file that has only such ones stays as it is, to the byte."""
    own = "groups: # mine\n- name: a\n  rules: [{alert: Down, expr: up == 0}]\n"
    shipped = "groups: [{name: g, rules: [{record: 'gpu:core_temp:celsius', expr: x}]}]"
    rules = {"/etc/a/mixed.yml": RULES_YML, "/etc/a/own.yml": own, "/etc/a/shipped.yml": shipped}
    found = inherited(TEXT, **rules).rules
    assert list(found) == ["adopted-mixed.yml", "adopted-own.yml"]
    assert found["adopted-own.yml"] == own
    (group,) = yaml.safe_load(found["adopted-mixed.yml"])["groups"]
    assert (group["name"], [rule["record"] for rule in group["rules"]]) == (
        "mine", ["mine:jobs:count"],
    )  # fmt: skip


def test_files_are_found_through_the_mounts_of_the_container() -> None:
    """The longest mount counts; what is none of the machine's is not there."""
    container = Container(
        name="prometheus",
        image="x",
        state="running",
        mounts=(
            Mount(source="/srv/prometheus", inside="/etc/prometheus"),
            Mount(source="/srv/other.yml", inside="/etc/prometheus/prometheus.yml"),
        ),
    )  # fmt: skip
    paths = rule_paths("rule_files: [a.yml, rules/*.yml, /srv/b.yml]", file="theirs")
    assert [str(path) for path in paths] == ["/etc/prometheus/a.yml", "/srv/b.yml"]
    places = [host_path(container, path) for path in paths]
    assert places == [PurePosixPath("/srv/prometheus/a.yml"), None]
    config = host_path(container, PurePosixPath("/etc/prometheus/prometheus.yml"))
    assert str(config) == "/srv/other.yml"
