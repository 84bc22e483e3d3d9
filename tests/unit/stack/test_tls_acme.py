"""Let's Encrypt's part is played by the distribution's pebble; certbot and nginx are the real ones.

All of it on loopback: pebble believes of every name that it is at 127.0.0.1.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import pytest
from certificates import NOW, made
from one_machine import Machine
from own_nginx import LOOPBACK, Running, free_port, running, shown
from stand_in_docker import stand_in_docker

from dcov.resources import File
from dcov.stack.proxy.login import Role
from dcov.stack.proxy.nginx import Proxy
from dcov.stack.proxy.reload import ProxyReloaded
from dcov.stack.tls.certbot import LetsEncrypt, deploy_hook
from dcov.stack.tls.facts import CertificateFacts
from dcov.stack.tls.own import OwnCertificate

DOMAIN = "dc.example.com"
SITE = Proxy(site="x", names=(DOMAIN,), roles={"admin": Role.ADMIN}, components=frozenset())


@dataclass
class Pebble:
    """An ACME server that asks the web server on `http_port`, and the folder of certbot's files."""

    folder: Path
    http_port: int

    def __post_init__(self) -> None:
        self.port = free_port()
        self.names = free_port()
        authority = made("pebble's own")
        server = made(LOOPBACK, by=authority, addresses=(LOOPBACK,))
        (self.folder / "authority.pem").write_text(authority.pem)
        (self.folder / "server.pem").write_text(server.pem)
        (self.folder / "server.key").write_text(server.key_pem())
        config = {
            "listenAddress": f"{LOOPBACK}:{self.port}",
            "managementListenAddress": f"{LOOPBACK}:{free_port()}",
            "certificate": str(self.folder / "server.pem"),
            "privateKey": str(self.folder / "server.key"),
            "httpPort": self.http_port,
            "tlsPort": free_port(),
        }
        (self.folder / "pebble.json").write_text(json.dumps({"pebble": config}))
        (self.folder / "letsencrypt").mkdir()
        lines = {
            "server": f"https://{LOOPBACK}:{self.port}/dir",
            "config-dir": self.folder / "letsencrypt",
            "work-dir": self.folder / "work",
            "logs-dir": self.folder / "logs",
        }
        text = "".join(f"{key} = {value}\n" for key, value in lines.items())
        (self.folder / "letsencrypt/cli.ini").write_text(text)

    @property
    def environment(self) -> dict[str, str]:
        """Where certbot finds its cli.ini (else in /etc/letsencrypt), and whom it trusts."""
        bundle = str(self.folder / "authority.pem")
        return {"XDG_CONFIG_HOME": str(self.folder), "REQUESTS_CA_BUNDLE": bundle}

    def start(self, stack: ExitStack) -> None:
        fast = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"}
        names = f"{LOOPBACK}:{self.names}"
        off = ("-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", "",
               "-management", f"{LOOPBACK}:{free_port()}")  # fmt: skip
        for argv in (
            ("pebble-challtestsrv", "-dns01", names, "-defaultIPv4", LOOPBACK, *off),
            ("pebble", "-config", self.folder / "pebble.json", "-dnsserver", names),
        ):
            log = stack.enter_context((self.folder / "log").open("ab"))
            process = stack.enter_context(
                subprocess.Popen(argv, stdout=log, stderr=log, env={**os.environ, **fast})
            )
            stack.callback(process.terminate)
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex((LOOPBACK, self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())


@pytest.fixture(scope="module")
def site() -> Iterator[Running]:
    with running(SITE, logins={"admin": "correct horse battery"}) as found:
        yield found


@pytest.fixture(scope="module")
def pebble(site: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    found = Pebble(tmp_path_factory.mktemp("pebble"), http_port=site.proxy.http_port)
    with ExitStack() as stack:
        found.start(stack)
        yield found


@pytest.fixture
def machine(pebble: Pebble, tmp_path: Path) -> Machine:
    environment = stand_in_docker(tmp_path, started="2020-01-01T00:00:00Z")
    return Machine(tmp_path, environment={**environment, **pebble.environment})


def wanted(site: Running, pebble: Pebble) -> tuple[LetsEncrypt, OwnCertificate, ProxyReloaded]:
    home = PurePosixPath(site.folder)
    certbot = LetsEncrypt(
        domain=DOMAIN,
        email="admin@example.com",
        webroot=home / "acme",
        live=PurePosixPath(pebble.folder) / "letsencrypt/live",
    )
    files = tuple(home / name for name in ("nginx/nginx.conf", "ssl/server.crt", "ssl/server.key"))
    return (
        certbot,
        OwnCertificate(
            home=home,
            certificate=certbot.certificate,
            key=certbot.key,
            name=DOMAIN,
            metrics=home / "html/certificate.prom",
            later=True,
        ),
        ProxyReloaded(container="cryptolabs-proxy", files=files, config=str(site.conf)),
    )


def new_one(site: Running, *, after: str) -> CertificateFacts:
    """Wait until nginx shows another certificate."""
    deadline = time.monotonic() + 10
    while (pem := shown(site)) == after:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return CertificateFacts.of_pem(pem)


def test_a_certificate_is_got_and_renewed(site: Running, pebble: Pebble, machine: Machine) -> None:
    """In this order: a failed challenge, the first one, a second run, a renewal, a failed one."""
    certbot, own, reload = wanted(site, pebble)
    first = shown(site)
    _, said = machine.try_to(replace(certbot, webroot=PurePosixPath(machine.folder)))
    assert " failed " in said
    assert "Some challenges have failed" in said
    assert shown(site) == first

    machine.ensure(certbot, own, reload)
    facts = new_one(site, after=first)
    assert facts.names == (DOMAIN,)
    assert "Pebble" in facts.issuer
    assert [change.needed for change in machine.ensure(certbot, own, reload)] == [False] * 3

    hook = pebble.folder / "letsencrypt/renewal-hooks/deploy/dcov-proxy"
    text = deploy_hook(domain=DOMAIN, home=own.home, metrics=own.metrics, reload=reload.reload)
    text = text.replace("/run/dcov", f"{machine.folder}/machine/run/dcov")
    machine.ensure(File(path=PurePosixPath(hook), content=text, mode=0o755))
    before = shown(site)
    renew(machine)
    assert new_one(site, after=before).ends > NOW
    assert machine.plan(own)[0].diff == ()

    good = shown(site)
    remembered = pebble.folder / "letsencrypt/renewal" / f"{DOMAIN}.conf"
    elsewhere = remembered.read_text().replace(str(site.folder / "acme"), str(machine.folder))
    remembered.write_text(elsewhere)
    assert renew(machine, check=False) != 0
    assert shown(site) == good


def renew(machine: Machine, *, check: bool = True) -> int:
    """Do as certbot.timer does, but now."""
    argv = ("certbot", "renew", "--force-renewal", "--no-random-sleep-on-renew")
    environment = {**os.environ, **machine.environment}
    return subprocess.run(argv, check=check, env=environment, capture_output=True).returncode
