"""What an operator does to a stack that runs: reads its logs, restarts it, reaches its pages."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from lab.command import Command
from lab.ground import Ground, wait_until

from dcov import Fleet
from fleetlab.server import Server

NGINX = "/etc/cryptolabs-proxy/nginx/nginx.conf"


@pytest.fixture
def fleet(ground: Ground) -> Fleet:
    """The site, deployed."""
    return ground.deployed()


@pytest.fixture
def dcov(fleet: Fleet) -> Command:
    """The command, on that site."""
    return Command(config=fleet.site.path)


@pytest.fixture
def master(ground: Ground) -> Server:
    return ground.server("master")


def started(server: Server, *names: str) -> list[str]:
    """When these containers were started."""
    argv = ["docker", "inspect", "-f", "{{.State.StartedAt}}", *names]
    return server.exec(argv).stdout.split()


def lines(out: Path) -> list[str]:
    return out.read_text().splitlines()


def answers(url: str) -> int:
    with requests.Session() as http:
        http.trust_env = False
        return http.get(url, timeout=15).status_code


def test_logs_are_read_and_followed(
    dcov: Command, fleet: Fleet, master: Server, tmp_path: Path
) -> None:
    """The last lines as the engine has them, then what comes; a secret of the site is masked."""
    last = dcov("logs", "prometheus", "-n", "3")
    assert last.returncode == 0, last.stderr
    own = master.exec(["sh", "-c", "docker logs --tail 3 prometheus 2>&1"]).stdout
    assert last.stdout == own
    password = fleet.site.settings.grafana.admin_password
    assert password is not None
    out = tmp_path / "out"
    with dcov.going("logs", "cryptolabs-proxy", "--follow", "-n", "0", out=out):

        def followed() -> bool:
            """Ask again: nobody says when it has begun to follow."""
            url = f"http://127.0.0.1/followed?{password.reveal()}"
            master.exec(["curl", "-s", "-o", "/dev/null", url])
            return "/followed" in out.read_text()

        wait_until(followed, within=30)
    assert "/followed?***" in out.read_text()
    assert password.reveal() not in out.read_text()
    wrong = dcov("logs", "grafanna")
    assert (wrong.returncode, "did you mean grafana?" in wrong.stderr) == (2, True)


def test_a_restart_is_of_what_was_named(dcov: Command, master: Server) -> None:
    """A container of somebody else's is refused by name, and then nothing is restarted."""
    both = ("vastai-exporter", "runpod-exporter")
    before = started(master, *both)
    done = dcov("restart", "vastai-exporter")
    assert done.returncode == 0, done.stdout
    after = started(master, *both)
    assert (after[0] > before[0], after[1]) == (True, before[1])
    with somebody_elses(master, "vastai-exporter"):
        theirs = started(master, *both)
        refused = dcov("restart", "runpod-exporter", "vastai-exporter", "-o", "csv")
        assert refused.returncode == 3
        assert "container-taken" in refused.stdout
        assert started(master, *both) == theirs


@contextmanager
def somebody_elses(server: Server, name: str) -> Iterator[None]:
    """Have a container of this name that dcov did not make; dcov's own goes on under another."""
    image = server.exec(["docker", "inspect", "-f", "{{.Config.Image}}", name]).stdout.strip()
    server.exec(["docker", "rename", name, "kept"])
    server.exec(["docker", "run", "-d", "--name", name, image])
    try:
        yield
    finally:
        server.exec(["docker", "rm", "-f", name])
        server.exec(["docker", "rename", "kept", name])


def test_a_port_of_the_master_is_had_here(dcov: Command, master: Server, tmp_path: Path) -> None:
    """Prometheus answers on a port of this machine, also after the connection broke."""
    out = tmp_path / "out"
    with dcov.going("forward", "0:127.0.0.1:9090", out=out):
        wait_until(lambda: lines(out), within=30)
        place = lines(out)[0]
        url = f"http://{place}/prometheus/-/healthy"
        assert [answers(url) for _ in range(3)] == [200] * 3
        port = int(place.rpartition(":")[2])
        taken = dcov("forward", f"{port}:127.0.0.1:9090")
        assert (taken.returncode, f"port {port} of this machine" in taken.stderr) == (2, True)
        master.exec(["sh", "-c", "pkill -x -f 'sshd: root@notty'"])
        assert answers(url) == 200
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


@pytest.mark.parametrize(("page", "path"), [("grafana", "api/health"), ("prometheus", "-/healthy")])
def test_a_page_is_opened_in_the_browser(
    dcov: Command, tmp_path: Path, page: str, path: str
) -> None:
    """The URL is printed and given to the browser, and answers while the command goes on."""
    browser, seen, out = (tmp_path / name for name in ("browser", "seen", "out"))
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}\n')
    browser.chmod(0o755)
    with dcov.going("open", page, out=out, BROWSER=str(browser)):
        wait_until(lambda: seen.exists() and seen.read_text(), within=30)
        url = seen.read_text().strip()
        assert url.endswith(f"/{page}/")
        assert lines(out)[0] == url
        assert answers(url + path) == 200


def test_the_proxys_configuration_is_tried_and_shown(dcov: Command, master: Server) -> None:
    """What nginx refuses is named by its file and line, and not loaded; the proxy goes on."""
    assert dcov("proxy", "test").returncode == 0
    rendered = dcov("proxy", "render")
    assert rendered.returncode == 0, rendered.stderr
    assert rendered.stdout == master.exec(["cat", NGINX]).stdout
    own = dcov("proxy", "render", "--own").stdout
    assert "set $dcov_upstream 127.0.0.1:3000;" in own

    began = started(master, "cryptolabs-proxy")
    master.exec(["cp", "-p", NGINX, "/root/kept"])
    try:
        master.exec(["sh", "-c", f"echo 'nonsense;' >> {NGINX}"])
        number = len(rendered.stdout.splitlines()) + 1
        for verb in ("test", "reload"):
            said = dcov("proxy", verb)
            assert said.returncode == 3
            assert f'unknown directive "nonsense" in {NGINX}:{number}' in said.stdout
        code = master.exec(
            ["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", "https://127.0.0.1/"]
        )
        assert code.stdout == "401"
    finally:
        master.exec(["sh", "-c", f"cp -p /root/kept {NGINX} && rm /root/kept"])
    mended = dcov("proxy", "reload")
    assert mended.returncode == 0, mended.stdout
    assert started(master, "cryptolabs-proxy") == began


def test_what_has_no_container_is_said(dcov: Command, master: Server) -> None:
    """What is missing has no logs and no restart; a proxy that is stopped is not asked."""
    master.exec(["docker", "rename", "runpod-exporter", "kept"])
    try:
        said = dcov("logs", "runpod-exporter")
        assert (said.returncode, "No such container" in said.stderr) == (3, True)
        said = dcov("restart", "runpod-exporter")
        assert (said.returncode, "`dcov quickstart` deploys" in said.stdout) == (3, True)
    finally:
        master.exec(["docker", "rename", "kept", "runpod-exporter"])
    master.exec(["docker", "stop", "cryptolabs-proxy"])
    try:
        said = dcov("proxy", "test")
        assert said.returncode == 3
        assert "cryptolabs-proxy is exited: `dcov restart cryptolabs-proxy`" in said.stdout
    finally:
        assert dcov("restart", "cryptolabs-proxy").returncode == 0
