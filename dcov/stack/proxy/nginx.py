"""The proxy's files: nginx.conf and the landing page."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import PurePosixPath
from types import MappingProxyType

from dcov.errors import ConfigError, Problem
from dcov.rendering import Templates
from dcov.stack.proxy.login import Role
from dcov.stack.proxy.routes import ROUTES, Route

HOME = PurePosixPath("/etc/cryptolabs-proxy")
NGINX_CONF = HOME / "nginx" / "nginx.conf"
HTPASSWD = HOME / "nginx" / "htpasswd"
LANDING_PAGE = HOME / "html" / "index.html"
CERTIFICATE_METRICS = HOME / "html" / "certificate.prom"
NAME = re.compile(r"[A-Za-z0-9._:-]+")
USER = re.compile(r"[A-Za-z0-9._@-]+")
STRIPPED = (
    "Authorization",
    "Forwarded",
    "Proxy",
    "Proxy-Authorization",
    "Remote-User",
    "X-Fleet-Auth-Token",
    "X-Forwarded-Groups",
    "X-Forwarded-Server",
    "X-Forwarded-User",
    "X-JWT-Assertion",
    "X-Mgmt-Token",
    "X-Original-URL",
    "X-Remote-User",
    "X-Rewrite-URL",
    "X-WEBAUTH-EMAIL",
    "X-WEBAUTH-GROUPS",
    "X-WEBAUTH-LOGIN",
    "X-WEBAUTH-NAME",
)
STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where nginx finds what, as it sees it: the folders that its container mounts.

    It writes below `scratch`, and into `pid` and `access_log`.
    """

    nginx: str = "/etc/nginx/dcov"
    ssl: str = "/etc/nginx/ssl"
    html: str = "/usr/share/nginx/dcov"
    acme: str = "/var/www/certbot"
    scratch: str = "/var/cache/nginx"
    pid: str = "/var/cache/nginx/nginx.pid"
    access_log: str = "/dev/stdout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """What the proxy does.

    `names` are the site's DNS names and addresses, the one to redirect to first. `roles` gives each
    user of the htpasswd file a role. `components` are those that are on. `hsts` is for a
    certificate that browsers trust: with it they refuse any other one. `upstreams` says where a
    component answers if not under its own name. The inner listener answers `inner_networks` alone;
    there is none where `inner_port` is 0.
    """

    site: str
    names: tuple[str, ...]
    roles: Mapping[str, Role]
    components: frozenset[str]
    hsts: bool = False
    external_port: int = 443
    listen: str = "0.0.0.0"  # noqa: S104  # within its container; what is published is compose's
    http_port: int = 80
    https_port: int = 443
    inner_port: int = 8079
    inner_networks: tuple[str, ...] = ("172.29.71.0/24", "172.29.72.0/24")
    resolver: str = "127.0.0.11"  # Docker's own
    upstreams: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    places: Places = field(default_factory=Places)

    def __post_init__(self) -> None:
        problems = [
            *(_unusable("name", name) for name in self.names if not NAME.fullmatch(name)),
            *(
                _unusable("fleet_admin_user", user)
                for user in self.roles
                if not USER.fullmatch(user)
            ),
        ]
        if not self.names:
            problems.append(_unusable("ssl.domain", ""))
        if problems:
            raise ConfigError(problems=tuple(problems))

    @property
    def routes(self) -> tuple[Route, ...]:
        """The routes to components that are on."""
        return tuple(route for route in ROUTES if route.component in self.components)

    @property
    def stripped(self) -> tuple[str, ...]:
        """The headers that no service gets, besides those that the proxy sets itself."""
        return STRIPPED

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names as they stand in a URL."""
        return tuple(f"[{name}]" if ":" in name else name for name in self.names)

    def upstream(self, route: Route) -> str:
        """Return where a route's service answers."""
        return self.upstreams.get(route.component, route.upstream)


def _unusable(key: str, value: str) -> Problem:
    message = f"{value!r} cannot stand in the proxy's configuration"
    return Problem(message=message, key=key)


def nginx_files(templates: Templates, *, proxy: Proxy) -> Mapping[PurePosixPath, str]:
    """Render nginx.conf and the landing page, by their paths on the master."""
    landing = templates.render(
        "stack/landing.html.j2", {"site": proxy.site, "routes": proxy.routes}
    )
    conf = templates.render(
        "stack/nginx.conf.j2",
        {"proxy": proxy, "styles": [_digest(css) for css in _styles(landing)]},
    )
    return MappingProxyType({LANDING_PAGE: landing, NGINX_CONF: conf})


def _styles(page: str) -> list[str]:
    return STYLE.findall(page)


def _digest(style: str) -> str:
    """Return what allows just this style in a Content-Security-Policy."""
    return "sha256-" + base64.b64encode(sha256(style.encode()).digest()).decode()
