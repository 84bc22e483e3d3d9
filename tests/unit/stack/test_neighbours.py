"""What is read of a proxy that somebody else runs, and what dcov does about it."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from dcov.errors import FamilyProxyError
from dcov.stack.proxy.family import Family
from dcov.stack.proxy.nginx_text import read_nginx
from dcov.stack.proxy.routes import ROUTES
from dcov.stack.survey import Container, Mount, Survey

ROUTES_OF_OURS = tuple(route for route in ROUTES if route.path in ("/grafana/", "/prometheus/"))
HEAD = "nginx: the configuration file is ok\n# configuration file /etc/nginx/nginx.conf:\n"
AUTH = "location = /_auth_check { internal; proxy_pass http://127.0.0.1:8081/auth/headers; }"
FOLDER = "include services.d/*.conf;"
GRAFANA = """location /grafana/ {
    auth_request /_auth_check; # "asks" {
    proxy_set_header X-WEBAUTH-USER $who;
    proxy_set_header X-WEBAUTH-ROLE $role;
    proxy_pass http://$up:3000;
}
"""
PROMETHEUS = "location /prometheus { auth_request /_auth_check; proxy_pass http://$up:9090; }"
MOUNTED = (Mount(source="/etc/cryptolabs-proxy/services.d", inside="/etc/nginx/services.d"),)


def conf(*inside: str) -> str:
    """A configuration whose server for 443 has this in it."""
    server = " ".join(inside)
    return f"{HEAD}events {{}} http {{ server {{ listen [::]:443 ssl; {server} }} }}\n"


def family(text: str, *, mounts: tuple[Mount, ...] = MOUNTED) -> Family:
    """The proxy that prints this."""
    container = Container(
        name="cryptolabs-proxy",
        image="theirs",
        state="running",
        addresses={"cryptolabs": "172.30.0.10"},
        mounts=mounts,
    )
    return Family.read(text, container=container, routes=ROUTES_OF_OURS)


def test_included_files_are_read_where_they_are_included() -> None:
    text = conf(FOLDER, AUTH) + (
        "# configuration file /etc/nginx/services.d/a.conf:\n"
        'location /a { return 200 "a } \\" ; {"; }\n'
        "# configuration file /etc/nginx/other/b.conf:\nlocation /b { return 204; }\n"
    )
    (http,) = read_nginx(text).each("http")
    (server,) = http.each("server")
    assert [item.words for item in server.each("location")] == [("/a",), ("=", "/_auth_check")]
    (first, _) = server.each("location")
    assert [item.words for item in first.each("return")] == [("200", 'a } " ; {')]


def test_routes_go_into_the_folder_of_the_master_that_it_includes() -> None:
    found = family(conf(AUTH, FOLDER))
    assert found.place == PurePosixPath("/etc/cryptolabs-proxy/services.d/dcov.conf")
    assert found.missing == ROUTES_OF_OURS


@pytest.mark.parametrize(
    ("inside", "mounts"),
    [
        ((AUTH,), MOUNTED),
        ((FOLDER,), MOUNTED),
        ((AUTH, FOLDER), ()),
        ((AUTH, "include services.d/*;"), (Mount(source="/srv/one.conf", inside="/etc/one"),)),
        ((AUTH, "include services.d/theirs.conf;"), MOUNTED),
    ],
    ids=["no folder", "no login", "not of the master", "another mount", "one file"],
)
def test_there_may_be_no_place(inside: tuple[str, ...], mounts: tuple[Mount, ...]) -> None:
    assert family(conf(*inside), mounts=mounts).place is None


def test_a_server_on_another_port_counts_for_nothing() -> None:
    text = conf(AUTH, FOLDER, GRAFANA, PROMETHEUS).replace(":443", ":8443")
    found = family(text)
    assert (found.place, found.missing) == (None, ROUTES_OF_OURS)


def test_routes_that_it_has_are_used() -> None:
    found = family(conf(AUTH, GRAFANA, PROMETHEUS))
    assert (found.missing, found.tells_role) == ((), True)


def test_a_role_that_a_browser_could_say_is_not_believed() -> None:
    for line in ("", "proxy_set_header X-WEBAUTH-ROLE $http_x_webauth_role;"):
        text = GRAFANA.replace("proxy_set_header X-WEBAUTH-ROLE $role;", line)
        assert not family(conf(AUTH, text, PROMETHEUS)).tells_role


def test_our_own_routes_are_not_taken_for_its() -> None:
    ours = GRAFANA.replace(
        "proxy_set", "auth_request_set $dcov_user $upstream_http_x_user; proxy_set", 1
    )
    text = conf(AUTH, FOLDER) + f"# configuration file /etc/nginx/services.d/dcov.conf:\n{ours}"
    assert family(text).missing == ROUTES_OF_OURS


@pytest.mark.parametrize(
    "grafana",
    [
        GRAFANA.replace("auth_request /_auth_check;", ""),
        GRAFANA.replace("auth_request /_auth_check;", "auth_request off;"),
        GRAFANA.replace("auth_request", "satisfy any; auth_request"),
        GRAFANA.replace("proxy_set_header X-WEBAUTH-USER $who;", ""),
    ],
    ids=["asks nobody", "off", "any", "user of the browser"],
)
def test_a_route_without_a_login_is_refused(grafana: str) -> None:
    with pytest.raises(FamilyProxyError, match="/grafana/"):
        family(conf(AUTH, FOLDER, grafana, PROMETHEUS))


def test_the_login_of_the_server_is_that_of_its_locations() -> None:
    bare = PROMETHEUS.replace("auth_request /_auth_check;", "")
    assert family(conf("auth_request /_auth_check;", AUTH, GRAFANA, bare)).missing == ()


def test_the_survey_reads_addresses_mounts_and_listeners() -> None:
    survey = Survey.read(
        'container\t{"name":"/cryptolabs-proxy","image":"theirs","state":"running","labels":null,'
        '"networks":{"cryptolabs":{"IPAddress":"172.30.0.10"}},'
        '"mounts":[{"Type":"bind","Source":"/etc/x","Destination":"/etc/nginx/x"}]}\n'
        'listener\t443 users:(("caddy",pid=812,fd=6),("caddy",pid=812,fd=7))\n'
    )
    found = survey.foreign("cryptolabs-proxy")
    assert found is not None
    assert found.addresses == {"cryptolabs": "172.30.0.10"}
    assert found.mounts == (Mount(source="/etc/x", inside="/etc/nginx/x"),)
    assert [item.process for item in survey.listeners] == ["caddy (pid 812)"]
