"""A master on which others' containers run: they are used, and stay as they are."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from lab.ground import Ground, listener, wait_until

from dcov import Fleet, Report
from dcov.stack import logs
from dcov.stack.health import Layer, Level, check
from dcov.tasks import (
    deploy_core,
    deploy_ipmi_monitor,
    destroy_stack,
    install_prerequisites,
    quickstart,
    setup_proxy,
)
from fleetlab import neighbours
from fleetlab.neighbours import COOKIE, Kind
from fleetlab.server import Server

CONTAINERS = ("ipmi-monitor", "cryptolabs-proxy")
SHOWN = "curl -sk -o /dev/null -w '%{http_code} %{redirect_url}' "


def beside(ground: Ground, proxy: Kind | None) -> Server:
    """A master, blank but for the neighbours with this kind of proxy."""
    server = ground.server("master")
    server.reset()
    neighbours.ensure(server, registry=ground.lab.registry, proxy=proxy)
    return server


def asked(server: Server, path: str, *more: str, scheme: str = "https") -> str:
    """What the proxy answers on the master: the status, and where it leads."""
    words = " ".join(f"'{word}'" for word in more)
    text = server.exec(["sh", "-c", f"{SHOWN} {words} {scheme}://127.0.0.1{path}"], check=False)
    return str(text.stdout.strip())


def said(server: Server, path: str, *more: str) -> str:
    """The page that somebody with the family's login gets."""
    words = ["curl", "-sk", "-b", COOKIE, *more, f"https://127.0.0.1{path}"]
    return str(server.exec(words, check=False).stdout)


def healths(server: Server, *, job: str) -> set[str]:
    """How Prometheus finds the targets of a job."""
    targets = json.loads(said(server, "/prometheus/api/v1/targets"))["data"]["activeTargets"]
    return {item["health"] for item in targets if item["labels"]["job"] == job}


def theirs(server: Server, *names: str) -> dict[str, object]:
    """What must not change of others' containers, and of what they use."""
    found: dict[str, object] = {}
    for item in json.loads(server.exec(["docker", "inspect", *(names or CONTAINERS)]).stdout):
        found[item["Name"]] = {
            "id": item["Id"],
            "started": item["State"]["StartedAt"],
            "restarts": item["RestartCount"],
            "networks": item["NetworkSettings"]["Networks"],
            "mounts": sorted(item["Mounts"], key=lambda mount: str(mount["Destination"])),
            "config": item["Config"],
        }
    network = json.loads(server.exec(["docker", "network", "inspect", "cryptolabs"]).stdout)[0]
    found["network"] = (network["Id"], network["IPAM"], network["Labels"])
    volumes = ["docker", "volume", "inspect", "ipmi-monitor-data", "fleet-auth-data"]
    found["volumes"] = server.exec(volumes, check=False).stdout
    sums = "find /etc/ipmi-monitor /etc/cryptolabs-proxy -type f -exec sha256sum {} + | sort"
    found["files"] = server.exec(["sh", "-c", sums]).stdout
    return found


@dataclass
class Poller:
    """Asks for a page over and over; `wrong` is what else it got."""

    server: Server
    asked: int = 0
    wrong: list[str] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def poll(self) -> None:
        """Ask until it is over."""
        while not self.done.wait(0.2):
            self.asked += 1
            if (got := asked(self.server, "/ipmi/", "-b", COOKIE)) != "200":
                self.wrong.append(got)


@contextmanager
def polled(server: Server) -> Iterator[Poller]:
    """Ask for /ipmi/ all the time."""
    poller = Poller(server)
    thread = threading.Thread(target=poller.poll)
    thread.start()
    try:
        yield poller
    finally:
        poller.done.set()
        thread.join()


def code(report: Report) -> tuple[str, str]:
    """The code and the cause of the only failure."""
    (failed,) = report.failures
    return failed.code, failed.why


@pytest.fixture
def fleet(ground: Ground) -> Fleet:
    """The master alone."""
    return ground.fleet("master")


def test_neighbours_stay_as_they_are(ground: Ground, fleet: Fleet) -> None:
    server = beside(ground, Kind.FOLDER)
    before = theirs(server)
    with polled(server) as poller:
        fleet.run(quickstart).raise_for_failures()
        for path in ("/grafana/", "/prometheus/", "/ipmi/"):
            assert asked(server, path).startswith("302 https://127.0.0.1/auth/login")
        user = json.loads(said(server, "/grafana/api/user", "-H", "X-WEBAUTH-USER: root"))
        assert user["login"] == "theirs"
        assert asked(server, "/prometheus/-/healthy", "-b", COOKIE) == "403"
        wait_until(lambda: healths(server, job="ipmi-monitor") == {"up"}, within=60)
        assert any("GET" in line for line in logs(fleet, "dcov-gate"))
        found = {item.subject: item for item in check(fleet).verdicts if item.layer is Layer.PROXY}
        assert {path: item.level for path, item in found.items()} == dict.fromkeys(
            ("/", "/grafana/", "/prometheus/"), Level.OK
        )
        again = fleet.run(quickstart)
        assert not again.changed
        fleet.run(destroy_stack, volumes=True).raise_for_failures()
    assert poller.asked > 20
    assert poller.wrong == []
    assert theirs(server) == before
    assert asked(server, "/grafana/", "-b", COOKIE) == "404"
    left = server.exec(["docker", "ps", "-a", "--format", "{{.Names}}"]).stdout.split()
    assert sorted(left) == sorted(CONTAINERS)


def test_another_container_cannot_pass_for_the_proxy(ground: Ground, fleet: Fleet) -> None:
    server = beside(ground, Kind.BUILT_IN)
    before = theirs(server)
    fleet.run(quickstart).raise_for_failures()
    assert theirs(server) == before  # it has the routes: not one file of its is touched
    assert asked(server, "/grafana/").startswith("302 ")
    assert json.loads(said(server, "/grafana/api/user"))["login"] == "theirs"
    assert asked(server, "/prometheus/api/v1/query?query=up", "-b", COOKIE) == "200"
    for url in ("http://grafana:3000/grafana/api/user", "http://prometheus:9090/prometheus/"):
        code = f"import urllib.request as r; r.urlopen('{url}')"
        shown = server.exec(["docker", "exec", "ipmi-monitor", "python3", "-c", code], check=False)
        assert "403" in shown.stderr


@pytest.mark.parametrize(
    ("kind", "words"),
    [(Kind.CLOSED, "no /grafana/ and /prometheus/"), (Kind.OPEN, "asks for no login")],
)
def test_a_proxy_that_is_not_safe_is_left_alone(
    ground: Ground, fleet: Fleet, kind: Kind, words: str
) -> None:
    server = beside(ground, kind)
    fleet.run(install_prerequisites).raise_for_failures()
    fleet.run(deploy_core).raise_for_failures()
    before = theirs(server)
    found, why = code(fleet.run(setup_proxy))
    assert found == "family-proxy"
    assert words in why
    assert theirs(server) == before
    running = server.exec(["docker", "ps", "--format", "{{.Names}}"]).stdout.split()
    assert "dcov-gate" not in running
    assert asked(server, "/grafana/", "-b", COOKIE).split()[0] in {"404", "502"}


def test_a_proxy_whose_login_lets_everybody_in_is_found_out(ground: Ground, fleet: Fleet) -> None:
    server = beside(ground, Kind.FOLDER)
    fleet.run(install_prerequisites).raise_for_failures()
    fleet.run(deploy_core).raise_for_failures()
    conf = "/etc/cryptolabs-proxy/nginx.conf"
    server.exec(["sed", "-i", "--follow-symlinks", "s/return 401;/return 200;/", conf])
    server.exec(["docker", "restart", "-t", "1", "cryptolabs-proxy"])
    before = theirs(server)
    found, why = code(fleet.run(setup_proxy))
    assert found == "verify-failed"
    assert "does not ask for a login" in why
    assert theirs(server) == before
    assert asked(server, "/grafana/") == "404"


def test_routes_that_its_nginx_refuses_are_taken_back(
    ground: Ground, fleet: Fleet, tmp_path: Path
) -> None:
    server = beside(ground, Kind.FOLDER)
    fleet.run(install_prerequisites).raise_for_failures()
    config = ground.site(tmp_path / "site")
    own = config.parent / "templates" / "stack" / "family-routes.conf.j2"
    own.parent.mkdir(parents=True)
    own.write_text("location /grafana/ { auth_request_set $dcov_user x; nonsense; }\n")
    mine = Fleet.load(config).where("master")
    mine.run(deploy_core).raise_for_failures()
    before = theirs(server)
    found, why = code(mine.run(setup_proxy))
    assert found == "apply-failed"
    assert "nonsense" in why
    assert theirs(server) == before
    server.exec(["docker", "exec", "cryptolabs-proxy", "nginx", "-t"])


def test_ipmi_monitor_alone_is_used_as_it_is(ground: Ground, fleet: Fleet) -> None:
    server = beside(ground, None)
    before = theirs(server, "ipmi-monitor")
    fleet.run(quickstart).raise_for_failures()
    password = fleet.site.settings.fleet_admin_pass
    assert password is not None
    login = f"admin:{password.reveal()}"
    assert asked(server, "/ipmi/") == "401"
    assert asked(server, "/ipmi/", "-u", login) == "200"
    page = server.exec(["curl", "-sk", "-u", login, "https://127.0.0.1/"]).stdout
    assert 'href="/ipmi/"' in page
    after = theirs(server, "ipmi-monitor")
    assert {**after, "files": ""} == {**before, "files": ""}
    assert not fleet.run(quickstart).changed


def test_ipmi_monitor_comes_only_behind_a_login(ground: Ground, fleet: Fleet) -> None:
    server = beside(ground, Kind.OPEN)
    fleet.run(install_prerequisites).raise_for_failures()
    server.exec(["docker", "stop", "-t", "1", "ipmi-monitor"])
    (outcome,) = fleet.run(deploy_ipmi_monitor).outcomes
    assert any("it is exited" in note for note in outcome.notes)
    server.exec(["docker", "rm", "ipmi-monitor"])
    found, why = code(fleet.run(deploy_ipmi_monitor))
    assert (found, "asks for no login" in why) == ("family-proxy", True)
    assert "ipmi-monitor" not in server.exec(["docker", "ps", "-a"]).stdout


def test_another_program_on_443_is_named_and_left(ground: Ground, fleet: Fleet) -> None:
    server = ground.server("master")
    server.reset()
    fleet.run(install_prerequisites).raise_for_failures()
    with listener(server, 443) as pid:
        found, why = code(fleet.run(setup_proxy))
        assert (found, why) == ("port-busy", f"port 443 is held by python3 (pid {pid})")
        shown = server.exec(["systemctl", "show", "-p", "MainPID", "--value", "test-squatter"])
        assert int(shown.stdout) == pid
    assert "cryptolabs-proxy" not in server.exec(["docker", "ps", "-a"]).stdout


def test_a_network_that_is_no_local_bridge_is_left_alone(ground: Ground, fleet: Fleet) -> None:
    server = ground.server("master")
    server.reset()
    fleet.run(install_prerequisites).raise_for_failures()
    make = ["docker", "network", "create", "-d", "macvlan", "-o", "parent=eth0", "cryptolabs"]
    network = server.exec([*make, "--subnet", "172.30.0.0/16"]).stdout.strip()
    found, why = code(fleet.run(deploy_core))
    assert found == "foreign-network"
    assert "macvlan" in why
    listed = server.exec(["docker", "network", "ls", "--no-trunc", "-q"]).stdout.split()
    assert network in listed
    assert server.exec(["docker", "ps", "-aq"]).stdout == ""
    assert server.exec(["ls", "/etc/dc-overview"], check=False).stdout == ""


@pytest.mark.parametrize(
    ("flag", "words"), [("false", "is false, and it is there"), ("true", "there is none")]
)
def test_a_choice_that_does_not_fit_is_an_error(
    ground: Ground, tmp_path: Path, flag: str, words: str
) -> None:
    server = beside(ground, Kind.FOLDER if flag == "false" else None)
    ground.fleet("master").run(install_prerequisites).raise_for_failures()
    config = ground.site(
        tmp_path / "site",
        config=lambda text: text.replace("ssl:\n", f"ssl:\n  use_existing_proxy: {flag}\n", 1),
    )
    before = theirs(server, "ipmi-monitor")
    found, why = code(Fleet.load(config).where("master").run(setup_proxy))
    assert found == "family-proxy"
    assert words in why
    assert theirs(server, "ipmi-monitor") == before
