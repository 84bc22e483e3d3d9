"""On which of a server's addresses its exporters listen."""

from __future__ import annotations

from dcov.context import Context


def listen_address(ctx: Context) -> str:
    """Return the address that exporters listen on; empty for all of them.

    A master whose Prometheus is a container is scraped at the gateway of that container's network:
    on its outer address nobody is to see its metrics.
    """
    return ctx.facts.shared_gateway
