"""Whether a server's SSH port takes a connection, asked before anybody logs in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcov.context import Context

if TYPE_CHECKING:
    from nornir.core.task import Task as NornirTask

WITHIN = 2  # seconds


def ping(ctx: Context) -> bool | None:
    """Open a TCP connection; None where that tells nothing.

    From here one cannot ask behind a jump host or a ProxyCommand, and nornir-utils' tcp_ping
    speaks IPv4 alone.
    """
    from nornir.core.inventory import Host

    login = ctx.login
    behind = login.jump is not None or login.proxy_command is not None
    if login.local or behind or ":" in login.address:
        return None
    results = _task(login.port).start(Host(name=ctx.name, hostname=login.address))
    return bool(results[0].result[login.port]) if not results.failed else None


def _task(port: int) -> NornirTask:
    from nornir.core import Nornir
    from nornir.core.inventory import Defaults, Groups, Hosts, Inventory
    from nornir.core.processor import Processors
    from nornir.core.task import Task as NornirTask
    from nornir_utils.plugins.tasks.networking.tcp_ping import tcp_ping

    nobody = Inventory(hosts=Hosts(), groups=Groups(), defaults=Defaults())
    params = {"ports": [port], "timeout": WITHIN}
    return NornirTask(
        tcp_ping,
        nornir=Nornir(inventory=nobody),
        global_dry_run=False,
        processors=Processors(),
        **params,  # type: ignore[arg-type]  # annotated as if all parameters were texts
    )
