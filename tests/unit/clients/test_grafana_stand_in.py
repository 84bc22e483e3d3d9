"""The stand-in does what Grafana's documentation says; nothing here is said about Grafana."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from grafana_stand_in import PASSWORD, GrafanaStandIn

PROXY = {
    "GF_AUTH_PROXY_ENABLED": "true",
    "GF_AUTH_PROXY_HEADERS": "Role:X-WEBAUTH-ROLE",
    "GF_AUTH_PROXY_SYNC_TTL": "0",
    "GF_AUTH_PROXY_WHITELIST": "127.0.0.0/8",
}


@pytest.fixture
def grafana(tmp_path: Path) -> Iterator[GrafanaStandIn]:
    with GrafanaStandIn(tmp_path, **PROXY) as stand_in:
        yield stand_in


def soon(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def test_it_says_that_it_is_none(grafana: GrafanaStandIn) -> None:
    answer = grafana.ask("GET", "/api/health", headers={})
    assert answer.json()["commit"] == "stand-in"
    assert answer.headers["X-Stand-In"] == "grafana"


def test_without_a_login_there_is_nothing_but_the_login(grafana: GrafanaStandIn) -> None:
    """Pages lead to it, the API says 401; health, metrics and the login itself need none."""
    page = grafana.ask("GET", "/d/x", headers={})
    assert (page.status_code, page.headers["Location"]) == (302, "/grafana/login")
    assert grafana.ask("GET", "/login", headers={}).status_code == 200
    refused = grafana.ask("GET", "/api/search", headers={})
    assert (refused.status_code, refused.json()["message"]) == (401, "Unauthorized")
    assert "grafana_build_info" in grafana.ask("GET", "/metrics", headers={}).text


def test_what_is_asked_outside_the_sub_path_is_redirected(grafana: GrafanaStandIn) -> None:
    """All but the API: a health check needs no prefix, a scrape of the metrics does."""
    answer = grafana.ask("GET", "/../metrics", headers={})
    assert answer.status_code == 301
    assert answer.headers["Location"] == "https://fleet.example/grafana/metrics"
    assert grafana.ask("GET", "/../api/health", headers={}).status_code == 200


def test_the_proxys_header_logs_in_and_its_role_follows_at_once(grafana: GrafanaStandIn) -> None:
    def role(said: str) -> int:
        headers = {"X-WEBAUTH-USER": "ann", "X-WEBAUTH-ROLE": said}
        return grafana.ask("GET", "/api/datasources", headers=headers).status_code

    assert [role("Viewer"), role("Admin"), role("Editor")] == [403, 200, 403]
    user = grafana.ask("GET", "/api/user", headers={"X-WEBAUTH-USER": "ann"}).json()
    assert (user["login"], user["isGrafanaAdmin"]) == ("ann", False)


def test_a_header_from_elsewhere_is_refused(tmp_path: Path) -> None:
    with GrafanaStandIn(tmp_path, **{**PROXY, "GF_AUTH_PROXY_WHITELIST": "192.0.2.1"}) as grafana:
        headers = {"X-WEBAUTH-USER": "admin", "X-WEBAUTH-ROLE": "Admin"}
        assert grafana.ask("GET", "/api/user", headers=headers).status_code == 401
        assert grafana.ask("GET", "/api/user").json()["login"] == "admin"


def test_the_admins_password_is_that_of_the_first_start(tmp_path: Path) -> None:
    """Grafana takes it from its settings only when it makes its database."""
    with GrafanaStandIn(tmp_path) as grafana:
        grafana.ask("POST", "/api/folders", json={"uid": "f", "title": "F"})
    with GrafanaStandIn(tmp_path) as grafana:
        (tmp_path / "admin-password").write_text("another password")
        grafana.stop()
        grafana.__enter__()
        assert grafana.ask("GET", "/api/folders/f").json()["title"] == "F"


def test_both_forms_of_a_variable_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="exclusive"):
        GrafanaStandIn(tmp_path, GF_SECURITY_ADMIN_PASSWORD=PASSWORD).__enter__()


def test_files_are_provisioned_and_dashboards_are_looked_at_again(tmp_path: Path) -> None:
    grafana = GrafanaStandIn(tmp_path, PROMETHEUS="http://127.0.0.1:9")
    (grafana.provisioning / "datasources" / "x.yml").write_text(
        "apiVersion: 1\ndatasources:\n  - {name: Prometheus, type: prometheus, uid: prometheus,"
        " access: proxy, url: $PROMETHEUS, isDefault: true}\n"
    )
    (grafana.provisioning / "dashboards" / "x.yml").write_text(
        "apiVersion: 1\nproviders:\n  - {name: dcov, folder: Fleet, folderUid: fleet,"
        f" updateIntervalSeconds: 1, options: {{path: {grafana.dashboards}}}}}\n"
    )
    (grafana.provisioning / "alerting" / "x.yml").write_text(
        "apiVersion: 1\ncontactPoints:\n  - name: ops\n    receivers:\n"
        "      - {uid: ops, type: email, settings: {addresses: ops@fleet.example}}\n"
    )
    board = grafana.dashboards / "a.json"
    board.write_text(json.dumps({"uid": "a", "title": "A"}))
    with grafana:
        source = grafana.ask("GET", "/api/datasources/uid/prometheus").json()
        assert (source["url"], source["readOnly"]) == ("http://127.0.0.1:9", True)
        changed = grafana.ask("PUT", "/api/datasources/uid/prometheus", json=source)
        assert (changed.status_code, changed.json()["message"]) == (
            403, "Cannot update read-only data source",
        )  # fmt: skip
        found = grafana.ask("GET", "/api/dashboards/uid/a").json()
        assert found["meta"]["provisioned"]
        assert found["meta"]["folderTitle"] == "Fleet"
        saved = grafana.ask(
            "POST", "/api/dashboards/db", json={"dashboard": found["dashboard"], "overwrite": True}
        )
        assert (saved.status_code, saved.json()["message"]) == (
            400, "Cannot save provisioned dashboard",
        )  # fmt: skip
        (point,) = grafana.ask("GET", "/api/v1/provisioning/contact-points").json()
        assert (point["name"], point["provenance"]) == ("ops", "file")
        board.write_text(json.dumps({"uid": "a", "title": "B"}))
        search = "/api/search?type=dash-db"
        assert soon(lambda: grafana.ask("GET", search).json()[0]["title"] == "B")
        board.unlink()
        assert grafana.ask("POST", "/api/admin/provisioning/dashboards/reload").status_code == 200
        assert grafana.ask("GET", search).json() == []


def test_a_broken_file_keeps_it_from_starting(tmp_path: Path) -> None:
    grafana = GrafanaStandIn(tmp_path)
    (grafana.provisioning / "datasources" / "x.yml").write_text("datasources: [{name: x}]\n")
    with pytest.raises(OSError, match="needs name and type"):
        grafana.__enter__()


class Echo(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"status": "success", "path": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


def test_queries_are_really_forwarded(grafana: GrafanaStandIn) -> None:
    with HTTPServer(("127.0.0.1", 0), Echo) as upstream:
        Thread(target=upstream.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{upstream.server_port}/prometheus/"
        source = {"name": "P", "type": "prometheus", "access": "proxy", "url": url, "uid": "p"}
        assert grafana.ask("POST", "/api/datasources", json=source).status_code == 200
        path = "/api/datasources/proxy/uid/p/api/v1/query?query=up"
        assert grafana.ask("GET", path).json()["path"] == "/prometheus/api/v1/query?query=up"
        assert grafana.ask("GET", "/api/datasources/uid/p/health").json()["status"] == "OK"
        upstream.shutdown()
    assert grafana.ask("GET", path).status_code == 502
    assert grafana.ask("GET", "/api/datasources/uid/p/health").status_code == 400


def test_versions_guard_a_dashboard(grafana: GrafanaStandIn) -> None:
    def save(**body: object) -> tuple[int, object]:
        answer = grafana.ask("POST", "/api/dashboards/db", json=body)
        return answer.status_code, answer.json()["status"]

    model = {"uid": "x", "title": "X"}
    assert save(dashboard=model) == (200, "success")
    assert save(dashboard=model) == (412, "name-exists")
    number = grafana.ask("GET", "/api/dashboards/uid/x").json()["dashboard"]["id"]
    assert save(dashboard={**model, "id": number, "version": 9}) == (412, "version-mismatch")
    assert save(dashboard={**model, "id": number, "version": 1}) == (200, "success")
    assert save(dashboard=model, overwrite=True, message="again") == (200, "success")
    versions = grafana.ask("GET", "/api/dashboards/uid/x/versions?limit=1").json()["versions"]
    assert [(item["version"], item["message"]) for item in versions] == [(3, "again")]
