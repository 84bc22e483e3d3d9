"""Who gets where, by stock nginx on this machine; behind it stand echoes in the services' place."""

from __future__ import annotations

import base64
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from own_nginx import LOOPBACK, NGINX, Running, running, unverified
from pages import ROOT

from dcov.errors import ConfigError
from dcov.rendering import Templates
from dcov.secret import Secret
from dcov.stack.proxy.login import COST, Role, htpasswd
from dcov.stack.proxy.nginx import LANDING_PAGE, NGINX_CONF, Proxy, nginx_files
from dcov.stack.proxy.routes import ROUTES

PASSWORDS = {"admin": "correct horse battery", "viewer": "staple: päss"}
LOGINS = {
    "nobody": None,
    "wrong": ("admin", "not the password"),
    "viewer": ("viewer", PASSWORDS["viewer"]),
    "admin": ("admin", PASSWORDS["admin"]),
}
FORGED = dict.fromkeys(
    (
        "Forwarded",
        "Proxy",
        "Proxy-Authorization",
        "Remote-User",
        "X-Fleet-Auth-Role",
        "X-Fleet-Auth-Token",
        "X-Fleet-Auth-User",
        "X-Fleet-Authenticated",
        "X-Forwarded-For",
        "X-Forwarded-Groups",
        "X-Forwarded-Host",
        "X-Forwarded-Port",
        "X-Forwarded-Prefix",
        "X-Forwarded-Proto",
        "X-Forwarded-Server",
        "X-Forwarded-User",
        "X-JWT-Assertion",
        "X-Mgmt-Token",
        "X-Original-URL",
        "X-Real-IP",
        "X-Remote-User",
        "X-Rewrite-URL",
        "X-Script-Name",
        "X-WEBAUTH-EMAIL",
        "X-WEBAUTH-GROUPS",
        "X-WEBAUTH-LOGIN",
        "X-WEBAUTH-NAME",
        "X-WEBAUTH-ROLE",
        "X-WEBAUTH-USER",
        "X_Fleet_Auth_User",  # which WSGI servers take for the same
        "X_WEBAUTH_USER",
    ),
    "forged",
)


def login(who: str) -> dict[str, str]:
    pair = LOGINS[who]
    if pair is None:
        return {}
    return {"Authorization": "Basic " + base64.b64encode(":".join(pair).encode()).decode()}


SITE = Proxy(
    site="Halle <Süd> & $Nord",
    names=("dc.example.com", "192.0.2.1", "2001:db8::1"),
    roles={"admin": Role.ADMIN, "viewer": Role.READONLY},
    components=frozenset({"grafana", "prometheus", "ipmi-monitor"}),
)


@pytest.fixture(scope="module")
def site() -> Iterator[Running]:
    with running(SITE, logins=PASSWORDS) as found:
        yield found


OPEN = (200, 200, 200, 200)
SHOWN = (401, 401, 200, 200)
ADMINS = (401, 401, 403, 200)
ABSENT = (401, 401, 404, 404)
TABLE = (
    # path, status for nobody, a wrong password, a viewer and an admin; what the service was asked
    ("/", SHOWN, None),
    ("/login", (401, 401, 302, 302), None),
    ("/auth/login", (401, 401, 302, 302), None),
    ("/logout", (401, 401, 401, 401), None),
    ("/auth/logout", (401, 401, 401, 401), None),
    ("/.well-known/acme-challenge/token", OPEN, None),
    ("/.well-known/acme-challenge/none", (404, 404, 404, 404), None),
    ("/grafana", (401, 401, 301, 301), None),
    ("/grafana/d/a%2Fb?x=%2F", SHOWN, "grafana /grafana/d/a%2Fb?x=%2F"),
    ("/prometheus/api/v1/query?query=up", SHOWN, "prometheus /prometheus/api/v1/query?query=up"),
    ("/prometheus/-/reload", ADMINS, "prometheus /prometheus/-/reload"),
    ("/prometheus/-/healthy", ADMINS, "prometheus /prometheus/-/healthy"),
    ("/prometheus//-/reload", ADMINS, "prometheus /prometheus//-/reload"),
    ("/prometheus/%2d/quit", ADMINS, "prometheus /prometheus/%2d/quit"),
    ("/prometheus/x/%2e./-/quit", ADMINS, "prometheus /prometheus/x/%2e./-/quit"),
    ("/grafana/..%2fprometheus/-/quit", ADMINS, "prometheus /grafana/..%2fprometheus/-/quit"),
    ("/prometheus/api/v1/admin/tsdb/snapshot", ADMINS,
     "prometheus /prometheus/api/v1/admin/tsdb/snapshot"),
    ("/ipmi/", SHOWN, "ipmi-monitor /"),
    ("/ipmi/bmc/a%20b?x=%2F", SHOWN, "ipmi-monitor /bmc/a%20b?x=%2F"),
    ("/ipmi//evil%0aX", SHOWN, "ipmi-monitor /evil%0AX"),
    ("/dc/", ABSENT, None),
    ("/dc", ABSENT, None),
    ("/unknown", ABSENT, None),
    ("/index.html", ABSENT, None),
    ("/certificate.prom", ABSENT, None),
    ("/nginx.conf", ABSENT, None),
)  # fmt: skip


@pytest.mark.parametrize(("path", "statuses", "asked"), TABLE, ids=[row[0] for row in TABLE])
@pytest.mark.parametrize("who", LOGINS)
def test_a_route_is_for_whom_it_is_for(
    site: Running, path: str, statuses: tuple[int, ...], asked: str | None, who: str
) -> None:
    """Nothing but certbot's challenge answers without a login, and nobody forges one."""
    for method in ("GET", "POST") if asked else ("GET",):
        answer = site.ask(path, method=method, headers={**FORGED, **login(who)})
        assert answer.status == statuses[list(LOGINS).index(who)]
        assert "nginx/" not in answer.headers["server"]
        if answer.status == 401:
            assert answer.headers["www-authenticate"] == 'Basic realm="dcov"'
        if asked is None or answer.status != 200:
            continue
        seen = answer.seen
        assert f"{seen['name']} {seen['path']}" == asked
        assert answer.headers["x-frame-options"] == "SAMEORIGIN"
        host = f"{LOOPBACK}:{site.proxy.https_port}"
        assert {name.lower(): value for name, value in seen["headers"].items()} == {
            "host": host,
            "x-real-ip": LOOPBACK,
            "x-forwarded-for": LOOPBACK,
            "x-forwarded-host": host,
            "x-forwarded-proto": "https",
            "x-forwarded-port": "443",
            "accept-encoding": "identity",
            **({"content-length": "0"} if method == "POST" else {}),
            **identity(seen["name"], who=who),
        }


def identity(component: str, *, who: str) -> dict[str, str]:
    """Return how a service learns who is asking."""
    admin = who == "admin"
    if component == "grafana":
        return {"x-webauth-user": who, "x-webauth-role": "Admin" if admin else "Viewer"}
    if component == "ipmi-monitor":
        return {
            "x-fleet-authenticated": "true",
            "x-fleet-auth-user": who,
            "x-fleet-auth-role": "admin" if admin else "readonly",
            "x-script-name": "/ipmi",
            "x-forwarded-prefix": "/ipmi",
        }
    return {}


def test_the_table_has_every_route() -> None:
    """And so has the page."""
    page = (ROOT / "docs" / "proxy.md").read_text()
    for route in ROUTES:
        assert any(path.startswith(route.path) for path, _, _ in TABLE), route.path
        assert f"`{route.path}`" in page


def test_a_websocket_passes(site: Running) -> None:
    with (
        socket.create_connection((LOOPBACK, site.proxy.https_port), timeout=10) as plain,
        unverified().wrap_socket(plain) as link,
    ):
        asked = {**login("admin"), "Connection": "Upgrade", "Upgrade": "websocket", "Host": "dc"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in asked.items())
        link.sendall(f"GET /grafana/api/live/ws HTTP/1.1\r\n{lines}\r\n".encode())
        head = link.recv(4096)
        assert head.startswith(b"HTTP/1.1 101 ")
        link.sendall(b"ping")
        assert link.recv(4) == b"ping"


def test_a_service_without_websockets_is_not_asked_for_one(site: Running) -> None:
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", **login("admin")}
    assert site.ask("/prometheus/graph", headers=upgrade).status == 200


def test_a_stopped_service_stops_nothing_else() -> None:
    """Also one that is gone with its name, and one that was not there when nginx started."""
    with running(SITE, logins=PASSWORDS) as site:
        site.names.known -= {"grafana"}
        site.services["ipmi-monitor"].stop()
        admin = login("admin")
        assert site.ask("/grafana/", headers=admin).status == 502
        assert site.ask("/ipmi/", headers=admin).status == 502
        assert site.ask("/prometheus/", headers=admin).status == 200
        site.names.known |= {"grafana"}
        deadline = time.monotonic() + 20
        while site.ask("/grafana/", headers=admin).status == 502:
            assert time.monotonic() < deadline
            time.sleep(0.2)


@pytest.mark.parametrize("port", [443, 8443])
def test_plain_http_redirects_to_a_name_of_the_site(port: int) -> None:
    with running(replace(SITE, external_port=port), logins=PASSWORDS) as site:
        http, suffix = site.proxy.http_port, "" if port == 443 else f":{port}"
        for asked, led in (
            ("192.0.2.1", "192.0.2.1"),
            ("[2001:db8::1]:80", "[2001:db8::1]"),
            ("evil.example", "dc.example.com"),
        ):
            answer = site.ask("/grafana/d?x=%2F", port=http, headers={"Host": asked})
            assert answer.status == 301
            assert answer.headers["location"] == f"https://{led}{suffix}/grafana/d?x=%2F"
        assert site.ask("/.well-known/acme-challenge/token", port=http).body == b"proof"
        assert site.ask("/.well-known/acme-challenge/..%2f..%2f", port=http).status == 301


@pytest.mark.parametrize(
    ("asked", "led"),
    [
        ("", "/"),
        ("/grafana/d/abc?orgId=1", "/grafana/d/abc?orgId=1"),
        ("%2Fgrafana%2Fd%2fabc", "/grafana/d/abc"),
        ("grafana/", "/"),
        ("//evil.example", "/"),
        ("%2F%2Fevil.example", "/"),
        ("/%2Fevil.example", "/"),
        ("/\\evil.example", "/"),
        ("%2F%5Cevil.example", "/"),
        ("https://evil.example", "/"),
        ("https:%2F%2Fevil.example", "/"),
        ("/%0d%0aSet-Cookie:x", "/"),
        ("/%09/evil.example", "/"),
    ],
)
@pytest.mark.parametrize("path", ["/login", "/auth/login"])
def test_a_login_leads_only_to_this_site(site: Running, path: str, asked: str, led: str) -> None:
    answer = site.ask(f"{path}?next={asked}", headers=login("viewer"))
    assert (answer.status, answer.headers["location"]) == (302, led)


def test_a_logout_makes_the_browser_forget(site: Running) -> None:
    answer = site.ask("/logout", headers=login("admin"))
    assert answer.headers["clear-site-data"] == '"cookies"'
    assert answer.headers["cache-control"] == "no-store"
    assert b'<a href="/">Log in</a>' in answer.body


def test_the_landing_page_shows_what_is_on(site: Running) -> None:
    answer = site.ask("/", headers=login("admin"))
    page = answer.body.decode()
    assert "<h1>Halle &lt;Süd&gt; &amp; $Nord</h1>" in page
    assert page.count("<li>") == 3
    assert 'href="/ipmi/"' in page
    assert "/dc/" not in page
    assert "<script" not in page
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert answer.headers["content-type"] == "text/html"
    for name in ("content-security-policy", "strict-transport-security", "cache-control"):
        assert name not in site.ask("/grafana/", headers=login("admin")).headers


def test_what_is_off_is_not_there() -> None:
    """And a real certificate is promised for a year."""
    with running(replace(SITE, components=frozenset(), hsts=True), logins=PASSWORDS) as site:
        for route in ROUTES:
            assert site.ask(route.path).status == 401
            absent = site.ask(route.path, headers=login("admin"))
            assert absent.status == 404
            assert absent.headers["strict-transport-security"] == "max-age=31536000"
        assert "No component is on." in site.ask("/", headers=login("admin")).body.decode()
        inner = site.ask("/ipmi-monitor/metrics", port=site.proxy.inner_port)
        assert inner.status == 404


def test_the_inner_listener_is_for_prometheus_alone() -> None:
    with running(replace(SITE, inner_networks=("127.0.0.9/32",)), logins=PASSWORDS) as site:
        port = site.proxy.inner_port
        for path in ("/healthz", "/metrics", "/ipmi-monitor/metrics"):
            assert site.ask(path, port=port, source="127.0.0.9").status == 200
            assert site.ask(path, port=port, source="127.0.0.8").status == 403
        seen = site.ask("/ipmi-monitor/metrics", port=port, headers=FORGED).seen
        assert seen["path"] == "/metrics"
        assert not {name for name in seen["headers"] if "fleet" in name.lower()}
        assert site.ask("/ipmi-monitor/", port=port).status == 404
        assert site.ask("/healthz", port=port).body == b"ok\n"


def test_a_user_may_have_any_name_that_is_allowed() -> None:
    """`default` has a meaning in a map, and backslash-n is a newline."""
    for user in ("default", "nina", "tom@example.com", "hostnames"):
        proxy = replace(SITE, roles={user: Role.ADMIN})
        with running(proxy, logins={user: "correct horse battery"}) as site:
            pair = base64.b64encode(f"{user}:correct horse battery".encode()).decode()
            answer = site.ask("/prometheus/-/reload", headers={"Authorization": f"Basic {pair}"})
            assert answer.status == 200, user


@pytest.mark.parametrize("user", ["a b", "a;", '"', "a:b", "", "~x", "$x"])
def test_other_names_are_refused(user: str) -> None:
    with pytest.raises(ConfigError, match="fleet_admin_user"):
        replace(SITE, roles={user: Role.ADMIN})


@pytest.mark.parametrize("names", [(), ("a b",), ('x"; return 200',)])
def test_a_proxy_has_names_that_are_names(names: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="proxy's configuration"):
        replace(SITE, names=names)


def test_nginx_accepts_what_its_container_will_be_given() -> None:
    """`nginx -t` on the very defaults, with only the paths led to a folder of the test."""
    with running(SITE, logins=PASSWORDS) as site:
        conf = nginx_files(Templates(), proxy=replace(SITE, places=site.proxy.places))[NGINX_CONF]
        site.conf.with_name("defaults.conf").write_text(conf)
        argv = [NGINX, "-t", "-c", site.conf.with_name("defaults.conf")]
        checked = subprocess.run(argv, check=False, capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr
        assert "warn" not in checked.stderr


def test_the_password_file_is_kept_as_long_as_it_fits() -> None:
    first = htpasswd({"admin": Secret("correct horse battery")})
    assert first.startswith(f"admin:$2b${COST:02}$")
    assert htpasswd({"admin": Secret("correct horse battery")}, existing=first) == first
    other = htpasswd({"admin": Secret("another password")}, existing=first)
    assert other != first
    assert htpasswd({}, existing=first) == ""
    long = htpasswd({"admin": Secret("ä" * 100)})
    assert htpasswd({"admin": Secret("ä" * 100)}, existing=long) == long
    for unusable in ("admin:{PLAIN}x\n", "admin\n", "admin:$2b$99$x\n", "\n"):
        made = htpasswd({"admin": Secret("correct horse battery")}, existing=unusable)
        assert made.startswith(f"admin:$2b${COST:02}$")


def test_the_files_have_their_places() -> None:
    assert set(nginx_files(Templates(), proxy=SITE)) == {LANDING_PAGE, NGINX_CONF}
