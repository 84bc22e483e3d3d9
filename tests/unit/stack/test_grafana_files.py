"""The files of the stack's Grafana, loaded by the stand-in, and import-dashboards."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml
from grafana_stand_in import PASSWORD, GrafanaStandIn
from ssh.fleets import own_machine

from dcov import Context, Fleet, Report, Status, task
from dcov.config.settings import Settings
from dcov.context import Check
from dcov.monitoring import dashboards
from dcov.report import Outcome
from dcov.stack import Stack, Survey, Templates
from dcov.stack.grafana import (
    PLACE,
    data_source,
    files,
    grafana_environment,
    provisioning,
)
from dcov.tasks.import_dashboards import import_dashboards

__all__ = ["own_machine"]

PASSWORD_FILE = Path("/etc/dc-overview/secrets/grafana/admin_password")
SHIPPED = {json.loads(text)["uid"]: json.loads(text) for text in dashboards().values()}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what is verified waited for no longer than two seconds."""
    verify = Context.verify

    def soon(self: Context, check: Check, *, within: float) -> None:
        verify(self, check, within=min(within, 2))

    monkeypatch.setattr(Context, "verify", soon)


def only(report: Report) -> Outcome:
    (outcome,) = report.outcomes
    return outcome


def test_no_secret_is_among_the_variables() -> None:
    """The password comes from a file; nobody but the proxy is believed, and nobody is anonymous."""
    found = grafana_environment(root_url="https://fleet.example", trusted="172.29.72.10")
    assert found["GF_SERVER_ROOT_URL"] == "https://fleet.example/grafana/"
    assert found["GF_AUTH_PROXY_WHITELIST"] == "172.29.72.10"
    assert found["GF_AUTH_PROXY_SYNC_TTL"] == "0"
    assert found["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    assert [name for name in found if name.endswith("PASSWORD")] == []


@pytest.mark.parametrize("site", ["Plain", 'A "quoted" site', "$HOME: {x} #1", "two\nlines"])
def test_provisioning_is_yaml_whatever_the_site_is_called(site: str) -> None:
    source = data_source(Settings(), url="http://prometheus:9090/prometheus/", is_default=True)
    texts = provisioning(Templates(), site=site, source=source, customer="/etc/grafana/$x")
    (loaded,) = yaml.safe_load(texts[PurePosixPath("datasources/dcov.yml")])["datasources"]
    assert (loaded["uid"], loaded["url"]) == ("prometheus", source.url)
    assert loaded["editable"] is False
    ours, theirs = yaml.safe_load(texts[PurePosixPath("dashboards/dcov.yml")])["providers"]
    assert ours["options"]["path"] == "/etc/grafana/dashboards"
    assert theirs["options"]["path"] == "/etc/grafana/$$x"  # Grafana puts variables in


class Master:
    """This machine as a master: /etc is its own, and Grafana's container is the stand-in.

    The container's mounts are links here.
    """

    def __init__(self, folder: Path) -> None:
        self.site = folder / "site"
        self.site.mkdir()
        self.customer = folder / "customer"
        self.customer.mkdir()
        secrets = self.site / ".secrets.yaml"
        secrets.touch(mode=0o600)
        secrets.write_text(f"grafana_password: {PASSWORD}\nfleet_admin_pass: {PASSWORD}\n")
        self.write(port=3000)
        self._data = folder

    def write(self, *, port: int, more: str = "") -> None:
        (self.site / "fleet-config.yaml").write_text(
            f"site_name: Test\nmaster: local\nservers: []\ngrafana:\n  port: {port}\n"
            f"  customer_dashboard_dir: {self.customer}\n{more}"
        )

    @property
    def fleet(self) -> Fleet:
        return Fleet.load(self.site / "fleet-config.yaml")

    def deploy(self) -> GrafanaStandIn:
        """Write what deploy-core writes of Grafana, and start it."""
        outcome = only(self.fleet.run(write_files))
        assert outcome.status.good, outcome.why
        inside = Path("/etc/grafana")
        inside.mkdir(exist_ok=True)
        for name, place in (("dashboards", PLACE / "dashboards"), ("customer", self.customer)):
            (inside / name).unlink(missing_ok=True)
            (inside / name).symlink_to(place)
        environment = grafana_environment(root_url="https://fleet.example", trusted="192.0.2.1")
        running = GrafanaStandIn(
            self._data,
            **{
                **environment,
                "GF_PATHS_PROVISIONING": str(PLACE / "provisioning"),
                "GF_SECURITY_ADMIN_PASSWORD__FILE": str(PASSWORD_FILE),
            },
        ).__enter__()
        self.write(port=running.port)
        return running


@task(on="master")
def write_files(ctx: Context) -> None:
    """Write Grafana's files alone."""
    ctx.ensure(*files(Stack(site=ctx.fleet, survey=Survey(), templates=Templates())))


@pytest.fixture
def master(tmp_path: Path, own_machine: Any) -> Master:
    if os.geteuid() or not own_machine:
        pytest.skip("writes below /etc, on mounts of its own: needs root")
    for folder in (PLACE, PASSWORD_FILE.parents[1]):
        shutil.rmtree(folder, ignore_errors=True)
    return Master(tmp_path)


@pytest.fixture
def grafana(master: Master) -> Iterator[GrafanaStandIn]:
    running = master.deploy()
    yield running
    running.stop()


def found(grafana: GrafanaStandIn, uid: str) -> Any:
    return grafana.ask("GET", f"/api/dashboards/uid/{uid}").json()


def test_the_password_is_for_the_container_alone(master: Master, grafana: GrafanaStandIn) -> None:
    """Its user is in root's group; and nothing shows it."""
    path = PASSWORD_FILE
    assert path.read_text() == PASSWORD
    assert (path.stat().st_mode & 0o777, path.stat().st_uid, path.stat().st_gid) == (0o640, 0, 0)
    assert path.parents[1].stat().st_mode & 0o777 == 0o700
    plan = master.fleet.plan(write_files)
    assert not plan.has_changes
    assert grafana.ask("GET", "/api/user").status_code == 200


def test_dashboards_are_imported_and_one_is_the_home(
    master: Master, grafana: GrafanaStandIn
) -> None:
    plan = master.fleet.plan(import_dashboards)
    assert grafana.ask("GET", "/api/search?type=dash-db").json() == []
    changed = {item.resource for item in only(plan.report).changes if item.needed}
    assert "grafana-home" in changed
    report = master.fleet.run(import_dashboards)
    assert only(report).status is Status.CHANGED, only(report).why
    for uid, model in SHIPPED.items():
        seen = found(grafana, uid)
        assert seen["dashboard"]["panels"] == model["panels"]
        assert seen["meta"]["provisioned"]
        assert seen["meta"]["folderTitle"] == "Fleet"
    home = grafana.ask("GET", "/api/org/preferences").json()["homeDashboardUID"]
    assert home == "dc-overview-main"
    again = only(master.fleet.run(import_dashboards))
    assert (again.status, [item for item in again.changes if item.needed]) == (Status.OK, [])


def test_a_file_that_is_no_longer_shipped_goes(master: Master, grafana: GrafanaStandIn) -> None:
    master.fleet.run(import_dashboards).raise_for_failures()
    Path(PLACE / "dashboards" / "old.json").write_text('{"uid": "old", "title": "Old"}')
    grafana.ask("POST", "/api/admin/provisioning/dashboards/reload")
    assert found(grafana, "old")["dashboard"]["title"] == "Old"
    outcome = only(master.fleet.run(import_dashboards))
    assert [item.resource for item in outcome.changes if item.needed] == [
        "record:stack",  # whoever wrote it gets it back from destroy
        f"file:{PLACE}/dashboards/old.json",
    ]
    grafana.ask("POST", "/api/admin/provisioning/dashboards/reload")
    assert "not found" in found(grafana, "old")["message"]


def test_the_operators_own_dashboards_are_beside_them(
    master: Master, grafana: GrafanaStandIn
) -> None:
    (master.customer / "mine.json").write_text('{"uid": "mine", "title": "Mine"}')
    master.write(port=grafana.port, more="  home_dashboard: mine\n")
    outcome = only(master.fleet.run(import_dashboards))
    assert outcome.status is Status.CHANGED, outcome.why
    assert grafana.ask("GET", "/api/org/preferences").json()["homeDashboardUID"] == "mine"


@pytest.mark.usefixtures("impatient")
def test_a_home_that_does_not_exist_is_refused(master: Master, grafana: GrafanaStandIn) -> None:
    """Nothing of the run stays."""
    master.write(port=grafana.port, more="  home_dashboard: nowhere\n")
    outcome = only(master.fleet.run(import_dashboards))
    assert (outcome.code, outcome.rollback) == ("verify-failed", "complete")
    assert "nowhere (grafana.home_dashboard)" in outcome.why
    assert list(Path(PLACE / "dashboards").iterdir()) == []


@pytest.mark.usefixtures("impatient")
def test_a_grafana_that_is_not_there_takes_the_files_back(
    master: Master, grafana: GrafanaStandIn
) -> None:
    grafana.stop()
    plan = master.fleet.plan(import_dashboards)
    actions = {item.resource: item.action.value for item in only(plan.report).changes}
    assert actions["grafana-home"] == "unknown"
    outcome = only(master.fleet.run(import_dashboards))
    assert (outcome.code, outcome.rollback) == ("verify-failed", "complete")
    assert "does not answer" in outcome.why
    assert list(Path(PLACE / "dashboards").iterdir()) == []
    grafana.__enter__()


def test_what_grafana_keeps_outlives_it(master: Master, grafana: GrafanaStandIn) -> None:
    master.fleet.run(import_dashboards).raise_for_failures()
    grafana.stop()
    grafana.__enter__()
    home = grafana.ask("GET", "/api/org/preferences").json()["homeDashboardUID"]
    assert home == "dc-overview-main"
