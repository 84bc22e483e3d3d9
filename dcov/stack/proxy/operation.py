"""What is done to a proxy that runs: its configuration tried, read anew, and shown."""

from __future__ import annotations

from dataclasses import replace

from dcov.context import Context
from dcov.errors import CommandFailedError, ContainerFailedError, ContainerTakenError
from dcov.runnable import task
from dcov.ssh.command import Argv
from dcov.stack.blueprint import Blueprint
from dcov.stack.component import GRAFANA, PROMETHEUS, PROXY
from dcov.stack.proxy.deployed import SERVER, proxy_of, reloaded
from dcov.stack.proxy.nginx import HTPASSWD, LANDING_PAGE, NGINX_CONF, Places, Proxy, nginx_files
from dcov.stack.stack import Stack
from dcov.stack.survey import Mount, Survey
from dcov.stack.tls.certbot import WEBROOT

INSIDE = "/etc/nginx/dcov/nginx.conf"
# What an nginx finds, and may write, on the master itself: the last three are the distribution's.
ON_MASTER = Places(
    nginx=str(HTPASSWD.parent),
    ssl=str(SERVER[0].parent),
    html=str(LANDING_PAGE.parent),
    acme=str(WEBROOT),
    scratch="/var/lib/nginx",
    pid="/run/nginx.pid",
    access_log="/var/log/nginx/access.log",
)


@task(on="master")
def check_proxy(ctx: Context) -> str:
    """Have nginx in the proxy's container read its files as they lie there; it goes on as it was.

    Raises CommandFailedError in nginx' own words, with the files' paths on the master.
    """
    survey = _require(ctx)
    config = () if survey.foreign(PROXY.name) else ("-c", INSIDE)
    argv = ("docker", "exec", PROXY.name, "nginx", "-t", *config)
    return _nginx(ctx, argv, reads=True, shown="nginx -t", survey=survey)


@task(on="master")
def reload_proxy(ctx: Context) -> None:
    """Have the proxy read its configuration and certificate anew, if nginx takes them.

    Raises ContainerTakenError for a proxy that dcov did not make.
    """
    survey = _require(ctx)
    foreign = survey.foreign(PROXY.name)
    if foreign is not None:
        raise ContainerTakenError(container=PROXY.name, owner=foreign.owner)
    _nginx(ctx, reloaded().reload, shown="nginx -s reload", survey=survey)


@task(on="master", prepare=Blueprint.prepare)
def render_proxy(ctx: Context, *, on_loopback: bool = False) -> str:
    """Return the proxy's nginx.conf as it would be deployed now.

    Parameters:
        on_loopback: Find services and files as the master itself does, for an nginx that runs
            there in no container.
    """
    blueprint: Blueprint = ctx.prepared
    stack = blueprint.stack(ctx)
    wanted = on_master(stack) if on_loopback else proxy_of(stack)
    return nginx_files(stack.templates, proxy=wanted)[NGINX_CONF]


def on_master(stack: Stack) -> Proxy:
    """Return what an nginx does that runs on the master in no container.

    It has no inner listener: Prometheus reaches none that is not on its networks.
    """
    return replace(proxy_of(stack), upstreams=_upstreams(stack), places=ON_MASTER, inner_port=0)


def _upstreams(stack: Stack) -> dict[str, str]:
    """Return where the master itself reaches each service."""
    settings = stack.settings
    found = {
        route.component: f"{address}:{route.port}"
        for route in proxy_of(stack).routes
        if (container := stack.survey.containers.get(route.component))
        for address in container.addresses.values()
        if address
    }
    return found | {
        PROMETHEUS.name: f"127.0.0.1:{settings.prometheus.port}",
        GRAFANA.name: f"127.0.0.1:{settings.grafana.port}",
    }


def _require(ctx: Context) -> Survey:
    survey = Survey.of(ctx)
    survey.require_engine()
    if not survey.runs(PROXY.name):
        found = survey.containers.get(PROXY.name)
        state = found.state if found else "absent"
        remedy = f"restart {PROXY.name}` starts" if found else "run setup-proxy` deploys"
        tail = f"`dcov {remedy} it"
        raise ContainerFailedError(container=PROXY.name, state=state, tail=tail)
    return survey


def _nginx(ctx: Context, argv: Argv, *, shown: str, survey: Survey, reads: bool = False) -> str:
    """Return what the proxy's nginx says of it, with the files' paths on the master."""
    mounts = survey.containers[PROXY.name].mounts
    try:
        return _outside(ctx.run(argv, reads=reads, shown=shown).stderr.strip(), mounts=mounts)
    except CommandFailedError as error:
        raise replace(error, tail=_outside(error.tail, mounts=mounts)) from None


def _outside(text: str, *, mounts: tuple[Mount, ...]) -> str:
    """Return a text in which files have the paths that they have outside of the container."""
    for mount in mounts:
        text = text.replace(f"{mount.inside}/", f"{mount.source}/")
    return text
