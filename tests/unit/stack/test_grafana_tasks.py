"""configure-grafana on a Grafana that dcov did not deploy; the stand-in plays it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from grafana_stand_in import PASSWORD, GrafanaStandIn

from dcov import Context, Fleet, Report, Status, task
from dcov.clients.grafana import Dashboard, DataSource, Folder, Grafana
from dcov.context import Check
from dcov.report import Outcome
from dcov.stack.grafana import FOLDER, GrafanaFolder, ask_grafana
from dcov.tasks.configure_grafana import configure_grafana
from dcov.testing import closed_port

SECRET = "a-secret-of-the-hook"
POINTS = f"""\
apiVersion: 1
contactPoints:
  - name: Ops
    receivers:
      - uid: ops
        type: webhook
        settings: {{url: "http://127.0.0.1:9/hook", password: {SECRET}}}
"""


class Site:
    """A site whose master is this machine."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.write()
        secrets = folder / ".secrets.yaml"
        secrets.touch(mode=0o600)
        secrets.write_text(f"grafana_password: {PASSWORD}\n")

    def write(self, more: str = "") -> None:
        text = f"site_name: Test\nmaster: local\nservers: []\n{more}"
        (self.folder / "fleet-config.yaml").write_text(text)

    @property
    def fleet(self) -> Fleet:
        return Fleet.load(self.folder / "fleet-config.yaml")

    def points(self, text: str) -> str:
        (self.folder / "points.yaml").write_text(text)
        return "points.yaml"


@pytest.fixture
def site(tmp_path: Path, state_home: Path) -> Site:
    return Site(tmp_path / "site")


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[GrafanaStandIn]:
    with GrafanaStandIn(tmp_path) as running:
        yield running


@pytest.fixture
def grafana(site: Site, stand_in: GrafanaStandIn) -> Iterator[Grafana]:
    with site.fleet.grafana_at(stand_in.url) as client:
        yield client


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"status": "success", "data": {"result": []}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def prometheus() -> Iterator[str]:
    """Something that answers a query, as Prometheus would."""
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/prometheus/"
        server.shutdown()


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


def needed(outcome: Outcome) -> dict[str, str]:
    return {item.resource: item.action.value for item in outcome.changes if item.needed}


def everything(grafana: Grafana) -> tuple[Any, ...]:
    return (
        [source.body() for source in grafana.data_sources()],
        grafana.search(),
        grafana.contact_points(),
        grafana.home(),
    )


def test_a_plan_shows_all_and_changes_nothing(
    site: Site, stand_in: GrafanaStandIn, grafana: Grafana, prometheus: str
) -> None:
    before = everything(grafana)
    points = site.points(POINTS)
    plan = site.fleet.plan(
        configure_grafana, url=stand_in.url, prometheus=prometheus, contact_points=points, home=True
    )
    assert everything(grafana) == before
    assert needed(only(plan.report)) == {
        "grafana-datasource:prometheus": "create",
        "grafana-folder:dcov-fleet": "create",
        "grafana-dashboard:dc-overview-main": "create",
        "grafana-dashboard:dc-overview-server": "create",
        "grafana-contact-point:ops": "create",
        "grafana-home": "update",
    }
    diffs = [line for change in only(plan.report).changes for line in change.diff]
    assert f"+url {prometheus}" in diffs
    assert "+settings.password (not shown)" in diffs
    assert SECRET not in repr(plan.to_dict())
    report = plan.apply()
    assert only(report).status is Status.CHANGED, only(report).why
    assert grafana.home() == "dc-overview-main"
    assert {hit.title for hit in grafana.search() if hit.is_folder} == {"Fleet"}


def test_a_second_run_changes_nothing(
    site: Site, stand_in: GrafanaStandIn, grafana: Grafana, prometheus: str
) -> None:
    points = site.points(POINTS)
    params = {"url": stand_in.url, "prometheus": prometheus, "contact_points": points}
    assert only(site.fleet.run(configure_grafana, **params)).status is Status.CHANGED
    versions = {hit.uid: grafana.dashboard(hit.uid) for hit in grafana.search()}
    outcome = only(site.fleet.run(configure_grafana, **params))
    assert (outcome.status, needed(outcome)) == (Status.OK, {})
    assert {hit.uid: grafana.dashboard(hit.uid) for hit in grafana.search()} == versions


def test_what_differs_is_named_and_corrected(
    site: Site, stand_in: GrafanaStandIn, grafana: Grafana, prometheus: str
) -> None:
    """What of a data source dcov does not name is left alone."""
    grafana.create_data_source(
        DataSource(
            uid="prometheus",
            name="Prometheus",
            type="prometheus",
            url="http://elsewhere.example/",
            is_default=True,
            json_data={"tlsSkipVerify": True},
        )
    )
    grafana.create_folder(Folder(uid=FOLDER.uid, title="Misnamed"))
    outcome = only(site.fleet.run(configure_grafana, url=stand_in.url, prometheus=prometheus))
    assert outcome.status is Status.CHANGED, outcome.why
    source = grafana.data_source("prometheus")
    assert source is not None
    assert (source.url, source.is_default) == (prometheus, True)
    assert source.json_data["tlsSkipVerify"] is True
    assert grafana.folder(FOLDER.uid) == FOLDER
    diffs = {item.resource: item.diff for item in outcome.changes}
    assert diffs["grafana-folder:dcov-fleet"] == ("-title Misnamed", "+title Fleet")


def test_a_dashboard_that_somebody_changed_is_left_and_named(
    site: Site, stand_in: GrafanaStandIn, grafana: Grafana, prometheus: str
) -> None:
    """Until the site says that it wants its own back."""
    run = {"url": stand_in.url, "prometheus": prometheus}
    site.fleet.run(configure_grafana, **run).raise_for_failures()
    uid = "dc-overview-main"
    found = grafana.dashboard(uid)
    assert found is not None
    changed = {**found.model, "title": "Mine"}
    grafana.save_dashboard(Dashboard.of(changed, folder_uid=found.folder_uid), message="better")
    outcome = only(site.fleet.run(configure_grafana, **run))
    assert (outcome.status, needed(outcome)) == (Status.OK, {})
    assert outcome.notes == ("the dashboard 'Mine' was changed in Grafana and is left as it is",)
    site.write("grafana: {overwrite_product_dashboards: true}\n")
    outcome = only(site.fleet.run(configure_grafana, **run))
    assert needed(outcome) == {f"grafana-dashboard:{uid}": "update"}
    again = grafana.dashboard(uid)
    assert again is not None
    assert again.model == found.model


def test_when_a_later_call_fails_what_was_changed_is_put_back(
    site: Site, stand_in: GrafanaStandIn, grafana: Grafana, prometheus: str
) -> None:
    """Grafana refuses a contact point without addresses, after all the rest has been made."""
    grafana.create_data_source(
        DataSource(uid="prometheus", name="P", type="prometheus", url="http://elsewhere.example/")
    )
    before = everything(grafana)
    broken = site.points(
        "contactPoints: [{name: Ops, receivers: [{uid: ops, type: email, settings: {}}]}]\n"
    )
    outcome = only(
        site.fleet.run(
            configure_grafana, url=stand_in.url, prometheus=prometheus, contact_points=broken
        )
    )
    assert (outcome.status, outcome.code) == (Status.FAILED, "grafana-refused")
    assert "could not find addresses" in outcome.why
    assert outcome.rollback == "complete"
    assert everything(grafana) == before


def test_the_former_secret_of_a_contact_point_comes_back(
    site: Site, stand_in: GrafanaStandIn, grafana: Grafana, prometheus: str
) -> None:
    """Grafana shows it to its admin when it is asked, and so it can be put back."""
    run = {"url": stand_in.url, "prometheus": prometheus}
    site.fleet.run(
        configure_grafana, **run, contact_points=site.points(POINTS)
    ).raise_for_failures()
    (before,) = grafana.contact_points()
    other = POINTS.replace("/hook", "/other").replace(SECRET, "another secret")
    broken = other + "      - {uid: x, type: email, settings: {}}\n"
    outcome = only(site.fleet.run(configure_grafana, **run, contact_points=site.points(broken)))
    assert outcome.rollback == "complete", outcome.why
    (after,) = grafana.contact_points()
    assert after == before
    assert grafana.with_secrets(after).settings["password"].reveal() == SECRET


@pytest.mark.usefixtures("impatient")
def test_a_data_source_that_does_not_answer_grafana_is_taken_back(
    site: Site, stand_in: GrafanaStandIn, grafana: Grafana
) -> None:
    before = everything(grafana)
    with closed_port() as closed:
        outcome = only(
            site.fleet.run(
                configure_grafana,
                url=stand_in.url,
                prometheus=f"http://127.0.0.1:{closed.port}/prometheus/",
            )
        )
    assert (outcome.status, outcome.code) == (Status.FAILED, "verify-failed")
    assert "Prometheus API" in outcome.why
    assert outcome.rollback == "complete"
    assert everything(grafana) == before


def test_no_url_is_guessed(site: Site, stand_in: GrafanaStandIn) -> None:
    """Without --prometheus the data source must be there."""
    outcome = only(site.fleet.run(configure_grafana, url=stand_in.url))
    assert (outcome.status, outcome.code) == (Status.FAILED, "config")
    assert "--prometheus URL" in outcome.why


def test_the_sites_own_data_source_is_asked_by_the_dashboards(
    site: Site, stand_in: GrafanaStandIn, grafana: Grafana
) -> None:
    site.write("grafana: {prometheus_datasource_uid: theirs}\n")
    grafana.create_data_source(
        DataSource(uid="theirs", name="Theirs", type="prometheus", url="http://elsewhere.example/")
    )
    outcome = only(site.fleet.run(configure_grafana, url=stand_in.url))
    assert outcome.status is Status.CHANGED, outcome.why
    board = grafana.dashboard("dc-overview-main")
    assert board is not None
    text = json.dumps(board.model)
    assert '"uid": "theirs"' in text
    assert '"uid": "prometheus"' not in text


def test_a_plan_that_is_stale_is_refused(
    site: Site, stand_in: GrafanaStandIn, grafana: Grafana, prometheus: str
) -> None:
    plan = site.fleet.plan(configure_grafana, url=stand_in.url, prometheus=prometheus)
    grafana.create_folder(Folder(uid=FOLDER.uid, title="Meanwhile"))
    outcome = only(plan.apply())
    assert outcome.code == "stale-plan"
    assert grafana.data_sources() == ()


def test_where_no_grafana_answers_a_plan_says_that_it_cannot_know(site: Site) -> None:
    """An earlier step of quickstart is going to bring it up; a run alone fails."""
    with closed_port() as closed:
        url = f"http://127.0.0.1:{closed.port}/grafana"
        run = {"url": url, "prometheus": "http://127.0.0.1:9/"}
        plan = site.fleet.plan(configure_grafana, **run)
        changes = only(plan.report).changes
        assert {item.action.value for item in changes} == {"unknown"}
        assert "does not answer" in changes[0].reason
        outcome = only(site.fleet.run(configure_grafana, **run))
    assert (outcome.status, outcome.code) == (Status.FAILED, "grafana-silent")
    assert needed(outcome) == {}


def test_a_secret_is_neither_told_nor_recorded(
    site: Site, stand_in: GrafanaStandIn, prometheus: str, state_home: Path
) -> None:
    report = site.fleet.run(
        configure_grafana,
        url=stand_in.url,
        prometheus=prometheus,
        contact_points=site.points(POINTS),
    )
    report.raise_for_failures()
    told = repr(report.to_dict()) + repr(report)
    recorded = "".join(path.read_text() for path in state_home.rglob("*") if path.is_file())
    for secret in (SECRET, PASSWORD):
        assert secret not in told
        assert secret not in recorded


def test_a_rollback_that_cannot_be_done_says_so(site: Site, stand_in: GrafanaStandIn) -> None:
    """Grafana goes away before what was made in it can be taken back."""

    @task(on="master")
    def interrupted(ctx: Context) -> None:
        client = ask_grafana(ctx, url=stand_in.url, password=stand_in_password(site))
        ctx.ensure_api(GrafanaFolder(grafana=client, wanted=FOLDER))
        stand_in.stop()
        raise RuntimeError("something later failed")

    outcome = only(site.fleet.run(interrupted))
    assert outcome.status is Status.FAILED
    assert outcome.rollback.startswith("incomplete: grafana-folder:dcov-fleet (Grafana at")


def stand_in_password(site: Site) -> Any:
    return site.fleet.site.settings.grafana.admin_password
