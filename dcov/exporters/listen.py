"""On which of a server's addresses its exporters listen."""

from __future__ import annotations

from dcov.context import Context
from dcov.errors import EngineError
from dcov.facts import UNKNOWN


def listen_address(ctx: Context) -> str:
    """Return the address that exporters listen on; empty for all of them.

    A master whose Prometheus is a container is scraped at the gateway of that container's network:
    on its outer address nobody is to see its metrics. Raises EngineError where its engine, which
    alone knows that address, does not answer.
    """
    gateway = ctx.facts.shared_gateway
    if gateway != UNKNOWN:
        return gateway
    if ctx.planning:  # an earlier step would have started it
        return ""
    raise EngineError(detail="it alone knows at which address Prometheus finds the exporters here")
