"""Every file that dcov makes is judged by the program that will read it.

They are written below a folder, where compose and its mounts would have them. The recording rules
have tests of their own (test_rules.py), and so have the certificates (test_tls.py).
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import native_compose
import pytest
import yaml
from grafana_stand_in import GrafanaStandIn
from native_prometheus import program
from own_nginx import NGINX
from rendered_site import RenderedSite
from sites import SITES, WITH_CORE

from dcov.exporters.catalogue import CATALOGUE
from dcov.exporters.exporter import Exporter
from dcov.monitoring import dashboards
from dcov.rendering import Templates
from dcov.resources import compose_check
from dcov.stack import GRAFANA, PROMETHEUS, PROXY, grafana, prometheus, proxy
from dcov.stack.inherited import Inherited
from dcov.stack.paths import COMPOSE_FILE
from dcov.stack.proxy.family import Family
from dcov.stack.proxy.family_routes import FamilyRoutes
from dcov.stack.proxy.nginx import NGINX_CONF
from dcov.stack.proxy.operation import on_master
from dcov.stack.survey import Mount
from dcov.stack.tls.certbot import HOOK

Render = Callable[..., RenderedSite]
FAMILY = """\
events {}
http {
    server {
        listen 443;
        location = /_auth_check { internal; proxy_pass http://127.0.0.1:8081/auth/headers; }
        location = / { return 200 "theirs"; }
        include services.d/*.conf;
    }
}
"""
THEIRS = Inherited(
    text="""\
rule_files: [rules/*.yml]
scrape_configs:
  - job_name: theirs
    static_configs: [{targets: [localhost:1]}]
"""
)


@pytest.fixture
def render(tmp_path: Path) -> Render:
    """Render one of the sites, perhaps with templates of its own by their names."""

    def render(name: str, **own: str) -> RenderedSite:
        for path, text in own.items():
            (tmp_path / "own" / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "own" / path).write_text(text)
        site = SITES[name]
        templates = Templates(tmp_path / "own")
        return RenderedSite.of(
            site.config, folder=tmp_path, survey=site.survey, templates=templates
        )

    return render


def ran(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, argv)), check=False, capture_output=True, text=True)


def shipped(name: str) -> str:
    return Templates().used()[name].read_text()


@pytest.mark.parametrize("generation", ["1", "2"])
class TestCompose:
    """`docker compose config`, as it is asked on a master."""

    @staticmethod
    def check(site: RenderedSite, *, by: str) -> subprocess.CompletedProcess[str]:
        site.place(*site.stack.foundation())
        path = f"{native_compose.folder(by)}:{os.environ['PATH']}"
        return ran("env", f"PATH={path}", *compose_check(), site.at(COMPOSE_FILE))

    @pytest.mark.parametrize("name", SITES)
    def test_it_accepts_the_file(self, render: Render, name: str, generation: str) -> None:
        site = render(name)
        done = self.check(site, by=generation)
        assert (done.returncode, done.stderr) == (0, "")

    def test_what_it_reads_is_what_was_meant(self, render: Render, generation: str) -> None:
        """It puts variables in, and `$1` in the name of a site is none."""
        site = render("everything")
        assert self.check(site, by=generation).returncode == 0
        program = native_compose.folder(generation) / "docker-compose"
        done = ran(program, "--file", site.at(COMPOSE_FILE), "config")
        services = yaml.safe_load(done.stdout)["services"]
        assert set(services) == {item.name for item in site.stack.components}
        for service in services.values():
            assert service["labels"]["io.dcov.site"].replace("$$", "$") == site.stack.site.name

    def test_it_refuses_a_broken_one(self, render: Render, generation: str) -> None:
        broken = shipped("stack/docker-compose.yml.j2").replace("restart:", "restrat:")
        site = render("bare", **{"stack/docker-compose.yml.j2": broken})
        done = self.check(site, by=generation)
        assert done.returncode != 0
        assert "restrat" in done.stderr


@pytest.mark.parametrize("name", SITES)
def test_a_mount_within_another_has_a_place(render: Render, name: str) -> None:
    """They are read-only, so that an engine can make none there, and starts no container."""
    site = render(name)
    site.place(*site.stack.foundation(), *prometheus.files(site.stack, existing=None))
    for service in site.compose()["services"] or ():
        found = list(site.mounts(service))
        for outer, seen in found:
            for _, inner in found:
                if inner != seen and inner.is_relative_to(seen):
                    assert Path(outer / inner.relative_to(seen)).is_dir(), inner


class TestPrometheus:
    """`promtool check config`, which looks at rules and files of targets as well."""

    @staticmethod
    def check(
        site: RenderedSite, *, existing: Inherited | None = None
    ) -> subprocess.CompletedProcess[str]:
        site.place(*site.stack.foundation(), *prometheus.files(site.stack, existing=existing))
        site.mount(PROMETHEUS.name)
        return ran(
            program("promtool"), "check", "config", site.at("/etc/prometheus/prometheus.yml")
        )

    @pytest.mark.parametrize("existing", [None, THEIRS], ids=["new", "kept"])
    @pytest.mark.parametrize("name", WITH_CORE)
    def test_it_accepts_the_configuration(
        self, render: Render, name: str, existing: Inherited | None
    ) -> None:
        site = render(name)
        done = self.check(site, existing=existing)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "WARN" not in done.stdout + done.stderr
        # What it says of each rule file shows that it found them; rules/*.yml may match nothing.
        files = list(site.at("/etc/prometheus/rules").glob("*.yml"))
        assert len(files) == 2 + len(site.stack.settings.prometheus.rule_files)
        assert f"{len(files)} rule files found" in done.stdout

    def test_it_refuses_broken_targets(self, render: Render) -> None:
        """So the paths in the configuration lead to the files that are made."""
        site = render("everything")
        assert self.check(site).returncode == 0
        targets = site.at("/etc/prometheus/targets/node.json")
        assert {host["labels"]["instance"] for host in json.loads(targets.read_text())} == {
            "monitor",
            "gpu-01",
            "gpu-02",
        }
        targets.write_text('[{"targets": "none"}]')
        config = site.at("/etc/prometheus/prometheus.yml")
        done = ran(program("promtool"), "check", "config", config)
        assert done.returncode != 0
        assert "checking SD file" in done.stderr

    def test_it_refuses_a_broken_template(self, render: Render) -> None:
        broken = shipped("prometheus/scrape.yml.j2").replace("file_sd_configs", "file_sd")
        done = self.check(render("bare", **{"prometheus/scrape.yml.j2": broken}))
        assert done.returncode != 0
        assert "file_sd" in done.stdout + done.stderr


class TestNginx:
    """`nginx -t` on what the container of the proxy is given, and that of the gate."""

    @staticmethod
    def check(site: RenderedSite, *, service: str) -> subprocess.CompletedProcess[str]:
        site.at("/var/cache/nginx").mkdir(parents=True)  # which the image has
        site.mount(service)
        return ran(NGINX, "-t", "-c", site.at("/etc/nginx/dcov/nginx.conf"))

    def proxy(self, site: RenderedSite) -> subprocess.CompletedProcess[str]:
        logins = proxy.logins(site.stack.settings, existing="")
        site.place(*site.stack.foundation(), *proxy.files(site.stack, logins=logins))
        site.certify()
        return self.check(site, service=PROXY.name)

    @pytest.mark.parametrize("name", [name for name in WITH_CORE if name != "neighbours"])
    def test_it_accepts_the_proxy(self, render: Render, name: str) -> None:
        """With the certificate to begin with, which openssl accepts for the site's names."""
        site = render(name)
        done = self.proxy(site)
        assert done.returncode == 0, done.stderr
        assert "warn" not in done.stderr
        wanted = proxy.certificate(site.stack)
        own = isinstance(wanted, proxy.OwnCertificate)
        ssl = site.at(proxy.HOME / "ssl")
        trusted = ssl / ("server.crt" if own else "ca.crt")
        for one in (wanted.name,) if own else wanted.names:
            kind = "-verify_ip" if set(one) <= set("0123456789abcdef.:") else "-verify_hostname"
            said = ran("openssl", "verify", "-x509_strict", "-purpose", "sslserver", kind, one,
                       "-CAfile", trusted, ssl / "server.crt")  # fmt: skip
            assert said.returncode == 0, said.stderr

    def test_it_accepts_what_is_rendered_for_an_nginx_of_ones_own(self, render: Render) -> None:
        """With nothing but the certificate, and the folders that Debian's package makes."""
        site = render("everything")
        wanted = on_master(site.stack)
        text = proxy.nginx_files(site.stack.templates, proxy=wanted)[NGINX_CONF]
        inside = ("/etc/nginx", "/usr/share/nginx", "/var/cache/nginx", "/dev/stdout", ":8079")
        assert [path for path in inside if path in text] == []
        site.certify()
        for folder in ("/etc/nginx", "/run", "/var/lib/nginx", "/var/log/nginx"):
            site.at(folder).mkdir(parents=True)
        conf = site.at("/etc/nginx/nginx.conf")
        conf.write_text(site.led(text))
        done = ran(NGINX, "-t", "-c", conf)
        assert done.returncode == 0, done.stderr
        assert "warn" not in done.stderr

    def test_it_refuses_a_broken_one(self, render: Render) -> None:
        broken = shipped("stack/nginx.conf.j2").replace("auth_basic dcov;", "auth_basic;")
        done = self.proxy(render("bare", **{"stack/nginx.conf.j2": broken}))
        assert done.returncode != 0
        assert "auth_basic" in done.stderr

    def test_it_accepts_the_gate_and_the_routes_of_the_family(self, render: Render) -> None:
        """The routes as its proxy includes them, whose own configuration is read by `nginx -T`."""
        site = render("neighbours")
        folder = site.at("/etc/nginx")
        (folder / "services.d").mkdir(parents=True)
        (folder / "nginx.conf").write_text(FAMILY)
        site.at("/var/cache/nginx").mkdir(parents=True)
        found = ran(NGINX, "-T", "-c", folder / "nginx.conf")
        family = self.family(site, said=found.stdout)
        (routes,) = family.added(site.stack)
        assert isinstance(routes, FamilyRoutes)
        Path(routes.path).write_text(site.led(routes.content))
        done = ran(NGINX, "-t", "-c", folder / "nginx.conf")
        assert done.returncode == 0, done.stderr
        again = self.family(site, said=ran(NGINX, "-T", "-c", folder / "nginx.conf").stdout)
        assert again.missing == family.missing  # ours are in force, and not taken for theirs

        site.place(*site.stack.foundation(), *proxy.gate_files(site.stack, family=family))
        site.at("/var/cache/nginx").rmdir()
        gate = self.check(site, service=proxy.GATE.name)
        assert gate.returncode == 0, gate.stderr

    @staticmethod
    def family(site: RenderedSite, *, said: str) -> Family:
        container = site.stack.family
        assert container is not None
        inside = str(site.at("/etc/nginx/services.d"))
        mounted = replace(container, mounts=(Mount(source=inside, inside=inside),))
        routes = tuple(
            route
            for route in proxy.ROUTES
            if route.component in {GRAFANA.name, PROMETHEUS.name}
            and route.access is proxy.Access.LOGIN
        )
        return Family.read(said, container=mounted, routes=routes)


@pytest.mark.parametrize("name", WITH_CORE)
def test_grafana_loads_its_provisioning(render: Render, name: str, tmp_path: Path) -> None:
    """The lab's stand-in, that is: no Grafana can be had here, and it has no checker."""
    site = render(name)
    settings = site.stack.settings
    site.place(
        *site.stack.foundation(),
        *grafana.files(site.stack),
        *grafana.board_files(dashboards(), settings=settings),
    )
    site.mount(GRAFANA.name)
    variables = site.compose()["services"][GRAFANA.name]["environment"]
    given = {**variables, "GF_PATHS_PROVISIONING": str(site.at("/etc/grafana/provisioning"))}
    folder = tmp_path / "stand-in"
    folder.mkdir()
    with GrafanaStandIn(folder, **given) as running:
        wanted = grafana.data_source(settings, url=grafana.PROMETHEUS_URL)
        source = running.ask("GET", f"/api/datasources/uid/{wanted.uid}").json()
        assert source["url"] == wanted.url
        for text in dashboards().values():
            found = running.ask("GET", f"/api/dashboards/uid/{json.loads(text)['uid']}").json()
            assert found["meta"]["provisioned"], found


class TestUnits:
    """`systemd-analyze verify`."""

    @staticmethod
    def check(unit: str, *, exporter: Exporter, folder: Path) -> subprocess.CompletedProcess[str]:
        file = folder / exporter.unit_file.name
        file.write_text(unit)
        return ran("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", file)

    @staticmethod
    def there(exporter: Exporter, *, folder: Path) -> Exporter:
        """The same, with a program that exists: it looks for the one of ExecStart."""
        program = folder / exporter.binary.name
        program.touch(mode=0o755)
        return replace(exporter, binary=PurePosixPath(program), flags=("--flag=1", "--other"))

    @pytest.mark.parametrize("listen", ["", "172.30.0.1"], ids=["everywhere", "one address"])
    @pytest.mark.parametrize("exporter", CATALOGUE, ids=lambda item: item.name)
    def test_it_accepts_the_unit(self, exporter: Exporter, listen: str, tmp_path: Path) -> None:
        exporter = self.there(exporter, folder=tmp_path)
        unit = exporter.render(Templates(), port=exporter.port, listen=listen)
        assert f"{exporter.port}" in unit
        done = self.check(unit, exporter=exporter, folder=tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    @pytest.mark.parametrize("exporter", CATALOGUE, ids=lambda item: item.name)
    def test_it_refuses_a_broken_one(self, exporter: Exporter, tmp_path: Path) -> None:
        exporter = self.there(exporter, folder=tmp_path)
        unit = exporter.render(Templates(), port=1).replace("ProtectSystem=", "ProtectSystems=")
        assert "ProtectSystems" in self.check(unit, exporter=exporter, folder=tmp_path).stderr


def test_shellcheck_accepts_the_hook_of_renewals(render: Render) -> None:
    """certbot's own timer renews; this is the only thing of ours that it runs."""
    site = render("everything")
    site.place(*proxy.from_lets_encrypt(site.stack))
    done = ran("shellcheck", "-s", "dash", "-S", "warning", site.at(HOOK))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", SITES)
class TestWhatOthersReach:
    """Neighbours, and everybody who reaches the master."""

    @staticmethod
    def services(site: RenderedSite) -> dict[str, Any]:
        site.place(*site.stack.foundation())
        services: dict[str, Any] = site.compose()["services"] or {}
        return services

    def test_the_core_is_on_no_network_of_neighbours(self, render: Render, name: str) -> None:
        """Any container there could ask Prometheus, and tell Grafana who is logged in."""
        services = self.services(render(name))
        for core in {PROMETHEUS.name, GRAFANA.name} & set(services):
            assert set(services[core]["networks"]) <= {"dcov-metrics", "dcov-identity"}
        for item in services.values():
            assert "network_mode" not in item

    def test_nothing_but_the_proxy_is_published(self, render: Render, name: str) -> None:
        for service, item in self.services(render(name)).items():
            published = item.get("ports", ())
            if service == PROXY.name:
                assert published == ["80:80", "443:443"]
            else:
                assert [port for port in published if not port.startswith("127.0.0.1:")] == []
