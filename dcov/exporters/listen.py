"""On which of a server's addresses its exporters listen."""

from __future__ import annotations

from dcov.context import Context
from dcov.inventory.entry import Role

SHARED = "cryptolabs"  # the network on which the master's containers are
GATEWAY = "{{range .IPAM.Config}}{{.Gateway}}{{end}}"


def listen_address(ctx: Context) -> str:
    """Return the address that exporters listen on; empty for all of them.

    A master whose Prometheus is a container is scraped at the gateway of that container's network:
    on its outer address nobody is to see its metrics.
    """
    if ctx.server.role is not Role.MASTER:
        return ""
    asked = ctx.run(
        ("docker", "network", "inspect", "--format", GATEWAY, SHARED), reads=True, check=False
    )
    return asked.stdout.strip() if asked.ok else ""
