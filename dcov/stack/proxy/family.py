"""A proxy of the family that runs on the master already, and how it leads to what dcov runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from dcov.context import Context
from dcov.converge.resource import Resource
from dcov.errors import FamilyProxyError
from dcov.stack.component import GRAFANA, IPMI_MONITOR, PROMETHEUS, PROXY
from dcov.stack.proxy.family_routes import FamilyRoutes
from dcov.stack.proxy.nginx_text import Directive, pattern, read_nginx
from dcov.stack.proxy.routes import ROUTES, Access, Identity, Route
from dcov.stack.stack import SHARED, Stack
from dcov.stack.survey import Container, Survey

ASKED = {  # what dcov runs behind it, and paths there
    GRAFANA.name: ("/grafana/", "/grafana/api/health"),
    PROMETHEUS.name: ("/prometheus/", "/prometheus/api/v1/query"),
    IPMI_MONITOR.name: ("/ipmi/", "/ipmi/metrics"),
}
AUTH = "/_auth_check"  # where the family's proxies ask who is there
NAME = "dcov"  # of our file there
OURS = "$dcov_user"  # a variable that only our own routes have
TEMPLATE = "stack/family-routes.conf.j2"
BY_HAND = "add the routes of `dcov proxy render` to it by hand, then run setup-proxy again"
ADDED = "let its locations ask for the login (`auth_request /_auth_check`), or stop it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The family's proxy as it was found.

    `routes` are those that lead to what dcov runs; `missing` are those of them that the proxy
    does not have by itself. `place` is the file on the master in which it reads routes of others.
    """

    container: Container
    routes: tuple[Route, ...]
    missing: tuple[Route, ...]
    tells_role: bool = False
    place: PurePosixPath | None = None

    @property
    def asked(self) -> tuple[str, ...]:
        """Paths by which one can tell whether it asks for a login."""
        return tuple(path for route in self.routes for path in ASKED[route.component])

    @classmethod
    def of(cls, ctx: Context, *, stack: Stack) -> Family:
        """Look at it; raises FamilyProxyError where it cannot lead to dcov's services safely."""
        found = stack.family
        if found is None:
            raise ValueError(stack)
        if found.state != "running":
            raise FamilyProxyError(
                fault=f"it is {found.state}",
                todo="start it; or remove it, and dcov runs a proxy of its own",
            )
        if not found.addresses.get(SHARED):
            raise FamilyProxyError(fault=f"it is not on the network {SHARED}", todo=BY_HAND)
        shown = ctx.run(("docker", "exec", found.name, "nginx", "-T"), reads=True, check=False)
        if not shown.ok:
            raise FamilyProxyError(fault=f"its nginx says: {shown.tail}", todo="mend it first")
        names = {item.name for item in stack.components}
        routes = tuple(
            route
            for route in ROUTES
            if route.component in ASKED
            and route.component in names
            and route.access is Access.LOGIN
        )
        return cls.read(shown.stdout, container=found, routes=routes)

    @classmethod
    def read(cls, text: str, *, container: Container, routes: tuple[Route, ...]) -> Family:
        """Read what its `nginx -T` prints; raises FamilyProxyError for a route without a login."""
        servers = list(_servers(read_nginx(text)))
        built_in = {route.path: list(_locations(servers, route)) for route in routes}
        for path, locations in built_in.items():
            _require_login(path, locations=locations)
        grafanas = [item for route in routes if _grafana(route) for item in built_in[route.path]]
        return cls(
            container=container,
            routes=routes,
            missing=tuple(route for route in routes if not built_in[route.path]),
            tells_role=all(_sets(item, "X-WEBAUTH-ROLE") for item in grafanas),
            place=_place(servers, container=container, folder=_folder(text)),
        )

    def added(self, stack: Stack) -> tuple[Resource, ...]:
        """Return what makes it lead there: a file of routes that it has read; none if it does.

        Raises FamilyProxyError where it reads no routes of others and lacks one.
        """
        if self.place is None:
            if self.missing:
                paths = " and ".join(route.path for route in self.missing)
                fault = f"it has no {paths}, and includes no folder of the master that asks {AUTH}"
                raise FamilyProxyError(fault=fault, todo=BY_HAND)
            return ()
        text = ""
        if self.missing:
            text = stack.templates.render(TEMPLATE, {"routes": self.missing, "auth": AUTH})
        return (FamilyRoutes(container=self.container.name, path=self.place, content=text),)


def require_choice(stack: Stack) -> None:
    """Raise FamilyProxyError where `ssl.use_existing_proxy` does not fit what runs here."""
    chosen = stack.settings.ssl.use_existing_proxy
    found = stack.survey.foreign(PROXY.name)
    if chosen is False and found:
        raise FamilyProxyError(
            fault=f"`ssl.use_existing_proxy` is false, and it is there ({found.image})",
            todo="leave `ssl.use_existing_proxy` out to use it, or stop and rename it",
        )
    if chosen and not found:
        raise FamilyProxyError(
            fault="there is none, and `ssl.use_existing_proxy` is true",
            todo="leave `ssl.use_existing_proxy` out: dcov then runs a proxy of its own",
        )


def no_routes(ctx: Context, *, survey: Survey) -> tuple[Resource, ...]:
    """Return what takes our routes out of the family's proxy, wherever they lie."""
    found = survey.foreign(PROXY.name)
    if found is None or not found.mounts:
        return ()
    search = ("grep", "-rlsF", "-D", "skip", f"--include={NAME}*", "-e", OURS, "--")
    files = ctx.run((*search, *(item.source for item in found.mounts)), reads=True, check=False)
    return tuple(
        FamilyRoutes(container=found.name, path=PurePosixPath(path), content="")
        for path in files.stdout.splitlines()
    )


def _servers(main: Directive) -> Iterator[Directive]:
    """Yield the servers that answer on 443."""
    for http in main.each("http"):
        for server in http.each("server"):
            if any(item.words[0].rpartition(":")[2] == "443" for item in server.each("listen")):
                yield server


def _locations(servers: list[Directive], route: Route) -> Iterator[Directive]:
    """Yield the locations for a route that are not our own; with the server's login as theirs."""
    for server in servers:
        for include in (server, *server.each("include")):
            for item in include.inside:
                if _leads(item, to=route):
                    outer = tuple(server.each("auth_request"))
                    yield Directive(name=item.name, words=item.words, inside=(*outer, *item.inside))


def _leads(item: Directive, *, to: Route) -> bool:
    if item.name != "location" or item.words[-1].rstrip("/") != to.prefix:
        return False
    ours = any(words.words[0] == OURS for words in item.each("auth_request_set"))
    return not ours and any(item.each("proxy_pass"))


def _require_login(path: str, *, locations: list[Directive]) -> None:
    for item in locations:
        asks = list(item.each("auth_request"))
        anyone = any(found.words == ("any",) for found in item.each("satisfy"))
        if anyone or not asks or asks[-1].words == ("off",):
            raise FamilyProxyError(fault=f"its {path} asks for no login", todo=ADDED)
        if path == "/grafana/" and not _sets(item, "X-WEBAUTH-USER"):
            fault = f"its {path} lets a browser say who is logged in (X-WEBAUTH-USER)"
            raise FamilyProxyError(fault=fault, todo="have it set that header from its login")


def _grafana(route: Route) -> bool:
    return route.identity is Identity.GRAFANA


def _sets(location: Directive, header: str) -> bool:
    return any(
        item.words[0].lower() == header.lower() and "$http_" not in item.words[-1]
        for item in location.each("proxy_set_header")
    )


def _folder(text: str) -> str:
    head = text.partition("# configuration file ")[2].partition(":\n")[0]
    return str(PurePosixPath(head).parent)


def _place(servers: list[Directive], *, container: Container, folder: str) -> PurePosixPath | None:
    """Return the file for our routes: in a folder of the master whose files a server includes."""
    for server in servers:
        if not any(item.words == ("=", AUTH) for item in server.each("location")):
            continue
        for include in server.each("include"):
            inside = PurePosixPath(pattern(include, folder=folder))
            if (
                not inside.name.startswith("*")
                or "*" in inside.name[1:]
                or "*" in str(inside.parent)
            ):
                continue
            for mount in container.mounts:
                if inside.parent.is_relative_to(mount.inside):
                    below = inside.parent.relative_to(mount.inside)
                    return PurePosixPath(mount.source) / below / (NAME + inside.name[1:])
    return None
