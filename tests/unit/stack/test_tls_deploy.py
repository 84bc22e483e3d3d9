"""A renewed certificate reaches nginx; one that nginx refuses does not. nginx is the real one."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path, PurePosixPath

import pytest
from certificates import NOW, Made, made
from one_machine import Machine
from own_nginx import Running, running, shown
from stand_in_docker import stand_in_docker

from dcov.change import Action
from dcov.resources import File
from dcov.ssh.command import Finished
from dcov.stack.proxy.login import Role
from dcov.stack.proxy.nginx import Proxy
from dcov.stack.proxy.reload import ProxyReloaded
from dcov.stack.tls.certbot import LetsEncrypt, deploy_hook
from dcov.stack.tls.facts import CertificateFacts

DOMAIN = "dc.example.com"
SITE = Proxy(site="x", names=(DOMAIN,), roles={"admin": Role.ADMIN}, components=frozenset())


@pytest.fixture
def site() -> Iterator[Running]:
    with running(SITE, logins={"admin": "correct horse battery"}) as found:
        yield found


@pytest.fixture
def machine(site: Running, tmp_path: Path) -> Machine:
    """A server whose engine is the stand-in; its container started a while ago."""
    started = f"{NOW + timedelta(days=1):%Y-%m-%dT%H:%M:%S.123456789Z}"
    return Machine(tmp_path, environment=stand_in_docker(tmp_path, started=started))


def started(machine: Machine, when: str) -> None:
    (machine.folder / "state").write_text(f"true {when}\n")


def reloaded(site: Running) -> ProxyReloaded:
    files = ("nginx/nginx.conf", "ssl/server.crt", "ssl/server.key")
    return ProxyReloaded(
        container="cryptolabs-proxy",
        files=tuple(PurePosixPath(site.folder / name) for name in files),
        config=str(site.conf),
    )


def wait_for(site: Running, certificate: Made) -> None:
    deadline = time.monotonic() + 10
    while shown(site) != certificate.pem:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def write(folder: Path, certificate: Made, *, key: Made | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fullchain.pem").write_text(certificate.pem)
    (folder / "privkey.pem").write_text((key or certificate).key_pem())
    return folder


def hook(machine: Machine, site: Running, *, lineage: Path) -> subprocess.CompletedProcess[str]:
    """Run the hook as certbot does."""
    (machine.folder / "machine/run").mkdir(parents=True, exist_ok=True)
    text = deploy_hook(
        domain=DOMAIN,
        home=PurePosixPath(site.folder),
        metrics=PurePosixPath(site.folder / "html/certificate.prom"),
        reload=reloaded(site).reload,
    )
    script = machine.folder / "hook"
    script.write_text(text.replace("/run/dcov", f"{machine.folder}/machine/run/dcov"))
    script.chmod(0o755)
    environment = {**os.environ, **machine.environment, "RENEWED_LINEAGE": str(lineage)}
    return subprocess.run([script], env=environment, check=False, capture_output=True, text=True)


def test_a_renewed_certificate_is_shown(machine: Machine, site: Running, tmp_path: Path) -> None:
    new = made("new", names=(DOMAIN,))
    done = hook(machine, site, lineage=write(tmp_path / "live" / DOMAIN, new))
    assert done.returncode == 0, done.stderr
    wait_for(site, new)
    assert (site.folder / "ssl/server.key").stat().st_mode & 0o777 == 0o600
    metric = (site.folder / "html/certificate.prom").read_text()
    assert metric.endswith(f" {new.certificate.not_valid_after_utc.timestamp():.0f}\n")
    assert sorted(path.name for path in (site.folder / "ssl").iterdir()) == [
        "server.crt",
        "server.key",
    ]


def test_one_that_nginx_refuses_is_not(machine: Machine, site: Running, tmp_path: Path) -> None:
    """Its key is another's."""
    before = {path.name: path.read_bytes() for path in (site.folder / "ssl").iterdir()}
    lineage = write(tmp_path / "live" / DOMAIN, made("new", names=(DOMAIN,)), key=made("other"))
    assert hook(machine, site, lineage=lineage).returncode != 0
    assert {path.name: path.read_bytes() for path in (site.folder / "ssl").iterdir()} == before
    assert shown(site).encode() == before["server.crt"]


def test_the_certificate_of_another_site_is_left(
    machine: Machine, site: Running, tmp_path: Path
) -> None:
    before = shown(site)
    other = made("other", names=("other.example.com",))
    lineage = write(tmp_path / "live" / "other.example.com", other)
    assert hook(machine, site, lineage=lineage).returncode == 0
    assert (site.folder / "ssl/server.crt").read_text() == before


def test_nginx_reads_what_has_changed(machine: Machine, site: Running) -> None:
    """Once: what it has read, or reads when it starts, is not read again."""
    wanted = reloaded(site)
    assert machine.plan(wanted)[0].action is Action.NOOP
    started(machine, "2020-01-01T00:00:00.5Z")
    assert machine.plan(wanted)[0].action is Action.UPDATE
    machine.ensure(wanted)
    assert machine.plan(wanted)[0].action is Action.NOOP
    new = made("new", names=(DOMAIN,))
    changed = (
        File(path=PurePosixPath(site.folder / "ssl/server.crt"), content=new.pem),
        File(path=PurePosixPath(site.folder / "ssl/server.key"), content=new.key_pem()),
    )
    assert machine.plan(*changed, wanted)[-1].action is Action.UNKNOWN
    machine.ensure(*changed, wanted)
    wait_for(site, new)
    assert machine.plan(wanted)[0].action is Action.NOOP
    machine.ensure(*changed, wanted)


def test_what_nginx_refuses_is_taken_back(machine: Machine, site: Running) -> None:
    started(machine, "2020-01-01T00:00:00Z")
    machine.ensure(reloaded(site))
    before = site.conf.read_text()
    broken = File(path=PurePosixPath(site.conf), content=before + "nonsense;\n")
    _, said = machine.try_to(broken, reloaded(site))
    assert "unexpected end of file" in said or "nonsense" in said
    assert " undone complete" in said
    assert site.conf.read_text() == before
    assert site.ask("/").status == 401


@pytest.mark.parametrize("state", ["false 2020-01-01T00:00:00Z\n", ""])
def test_a_proxy_that_does_not_run_reads_nothing(
    machine: Machine, site: Running, state: str
) -> None:
    (machine.folder / "state").write_text(state)
    if not state:
        (machine.folder / "state").unlink()
    assert machine.plan(reloaded(site))[0].action is Action.NOOP


WANTED = LetsEncrypt(domain=DOMAIN, email="admin@example.com", now=NOW)


def answered(had: Made | None) -> Finished:
    """What the server says of certbot's folder."""
    pem = had.pem if had else ""
    public = CertificateFacts.of(had.certificate).public_key if had else "absent"
    out = f"-- metrics\n-- certificate\n{pem}\n-- key\n{public}\n"
    return Finished(command="probe", exit_code=0, stdout=out)


@pytest.mark.parametrize(
    ("had", "action"),
    [
        (None, Action.CREATE),
        (made("x", names=(DOMAIN,), days=90), Action.NOOP),
        (made("x", names=(DOMAIN,), days=20), Action.NOOP),  # certbot.timer's to renew
        (made("x", names=(DOMAIN,), days=10), Action.UPDATE),
        (made("x", names=("other.example.com",), days=90), Action.UPDATE),
    ],
)
def test_certbot_is_asked_only_where_it_must(had: Made | None, action: Action) -> None:
    """Let's Encrypt counts how often."""
    change = WANTED.plan(answered(had))
    assert change.action is action
    if change.needed:
        (argv,) = WANTED.apply(change)
        assert argv[:2] == ("certbot", "certonly")
