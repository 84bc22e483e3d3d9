"""The client, against the stand-in: what it asks, and the errors it makes of answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from grafana_stand_in import PASSWORD, GrafanaStandIn

from dcov import Fleet, Secret
from dcov.clients.grafana import REDACTED, ContactPoint, Dashboard, DataSource, Folder, Grafana
from dcov.errors import (
    ConfigError,
    GrafanaError,
    GrafanaLoginError,
    GrafanaRefusedError,
    GrafanaSilentError,
)
from dcov.testing import closed_port

PROMETHEUS = DataSource(
    uid="prometheus", name="Prometheus", type="prometheus", url="http://127.0.0.1:9/prometheus/"
)


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "fleet-config.yaml").write_text("site_name: Test\nmaster: local\nservers: []\n")
    secrets = folder / ".secrets.yaml"
    secrets.touch(mode=0o600)
    secrets.write_text(f"grafana_password: {PASSWORD}\n")
    return Fleet.load(folder / "fleet-config.yaml")


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[GrafanaStandIn]:
    with GrafanaStandIn(tmp_path) as running:
        yield running


@pytest.fixture
def grafana(fleet: Fleet, stand_in: GrafanaStandIn) -> Iterator[Grafana]:
    with fleet.grafana_at(stand_in.url) as client:
        yield client


def test_it_logs_in_with_the_password_of_the_site(grafana: Grafana) -> None:
    assert grafana.login() == "admin"
    assert grafana.version() == "11.6.0"


def test_a_fleet_knows_where_its_grafana_is(fleet: Fleet) -> None:
    with fleet.grafana as client:
        assert client.url == "http://127.0.0.1:3000/grafana"


def test_without_a_password_the_missing_key_is_named() -> None:
    with pytest.raises(ConfigError, match=r"grafana\.admin_password"):
        _ = Fleet.of().grafana


def test_a_data_source_comes_changes_and_goes(grafana: Grafana) -> None:
    assert grafana.data_source("prometheus") is None
    grafana.create_data_source(PROMETHEUS)
    found = grafana.data_source("prometheus")
    assert found is not None
    assert found.body() == PROMETHEUS.body()
    assert grafana.data_sources() == (found,)
    with pytest.raises(GrafanaRefusedError, match="Prometheus API"):
        grafana.check_data_source("prometheus")
    grafana.delete_data_source("prometheus")
    grafana.delete_data_source("prometheus")
    assert grafana.data_sources() == ()


def test_folders_and_what_is_in_them(grafana: Grafana) -> None:
    """A folder with a dashboard in it is left when it is to be deleted."""
    grafana.create_folder(Folder(uid="fleet", title="Fleet"))
    grafana.rename_folder(Folder(uid="fleet", title="The fleet"))
    assert grafana.folders() == (Folder(uid="fleet", title="The fleet"),)
    board = Dashboard.of({"uid": "a", "title": "A", "panels": [], "id": 77}, folder_uid="fleet")
    grafana.save_dashboard(board, message="first")
    grafana.save_dashboard(board, message="second")
    found = grafana.dashboard("a")
    assert found is not None
    assert (found.model, found.folder_uid, found.version) == (board.model, "fleet", 2)
    assert grafana.last_message("a") == "second"
    grafana.delete_folder("fleet")
    assert [(hit.title, hit.is_folder) for hit in grafana.search()] == [
        ("The fleet", True), ("A", False),
    ]  # fmt: skip
    grafana.delete_dashboard("a")
    grafana.delete_folder("fleet")
    assert grafana.folder("fleet") is None
    assert grafana.dashboard("a") is None


def test_the_first_dashboard(grafana: Grafana) -> None:
    grafana.save_dashboard(Dashboard.of({"uid": "a", "title": "A"}))
    assert grafana.home() == ""
    grafana.set_home("a")
    assert grafana.home() == "a"
    with pytest.raises(GrafanaRefusedError, match="404: Dashboard not found"):
        grafana.set_home("nowhere")


def test_a_contact_point_keeps_its_secret_to_itself(grafana: Grafana) -> None:
    """It is sent, never read back; what is redacted in an update stays as it was."""
    settings = {"url": "http://127.0.0.1:9/hook", "password": Secret("not to be seen")}
    point = ContactPoint(uid="ops", name="Ops", type="webhook", settings=settings)
    grafana.create_contact_point(point)
    (found,) = grafana.contact_points()
    assert found.settings == {"url": "http://127.0.0.1:9/hook", "password": REDACTED}
    assert found.provenance == ""  # so that it can be changed in Grafana
    grafana.update_contact_point(found)
    assert grafana.contact_points() == (found,)
    assert grafana.with_secrets(found).settings == settings
    with pytest.raises(GrafanaRefusedError, match="addresses"):
        grafana.create_contact_point(ContactPoint(uid="x", name="X", type="email"))
    grafana.delete_contact_point("ops")
    assert grafana.contact_points() == ()


def test_a_uid_stays_within_its_place(grafana: Grafana) -> None:
    """One that comes from somebody's file must not lead to another endpoint."""
    grafana.create_folder(Folder(uid="fleet", title="Fleet"))
    grafana.delete_dashboard("../../folders/fleet")
    assert grafana.folder("fleet") is not None


def test_a_wrong_password_is_named(fleet: Fleet, stand_in: GrafanaStandIn) -> None:
    with fleet.grafana_at(stand_in.url, password=Secret("wrong")) as client:
        with pytest.raises(GrafanaLoginError, match="refuses admin") as caught:
            client.data_sources()
        assert "grafana_password" in caught.value.remedy


def test_nobody_there(fleet: Fleet) -> None:
    with (
        closed_port() as closed,
        fleet.grafana_at(f"http://127.0.0.1:{closed.port}/grafana") as client,
        pytest.raises(GrafanaSilentError, match="does not answer"),
    ):
        client.version()


class Stranger(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<html>hello</html>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


class Mover(Stranger):
    def do_GET(self) -> None:
        self.send_response(301)
        self.send_header("Location", "https://fleet.example/")
        self.send_header("Content-Length", "0")
        self.end_headers()


def test_nobody_is_followed_elsewhere(fleet: Fleet) -> None:
    """Neither the password nor the question goes where a redirection points."""
    with HTTPServer(("127.0.0.1", 0), Mover) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with (
            fleet.grafana_at(f"http://127.0.0.1:{server.server_port}") as client,
            pytest.raises(GrafanaError, match=r"sends us to https://fleet\.example/"),
        ):
            client.version()
        server.shutdown()


def test_something_else_answers(fleet: Fleet) -> None:
    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with (
            fleet.grafana_at(f"http://127.0.0.1:{server.server_port}") as client,
            pytest.raises(GrafanaError, match="not answer in JSON"),
        ):
            client.version()
        server.shutdown()


def test_a_query_goes_through_grafana(grafana: Grafana, tmp_path: Path) -> None:
    del tmp_path

    class Prometheus(Stranger):
        def do_GET(self) -> None:
            result = [{"metric": {"path": self.path}, "value": [0, "1"]}]
            body = json.dumps({"status": "success", "data": {"result": result}}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with HTTPServer(("127.0.0.1", 0), Prometheus) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/prometheus/"
        grafana.create_data_source(
            DataSource(uid="prometheus", name="P", type="prometheus", url=url)
        )
        grafana.check_data_source("prometheus")
        (series,) = grafana.query('up{job="node"}')
        assert series["metric"]["path"].startswith("/prometheus/api/v1/query?query=up%7B")
        server.shutdown()
