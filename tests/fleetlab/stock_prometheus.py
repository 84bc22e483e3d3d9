"""Debian's own Prometheus on a server: one that dcov did not deploy."""

from .server import Server

# prometheus recommends prometheus-node-exporter, which dcov is to install: no recommends.
# Its configuration stays the package's own; only reloading by HTTP is switched on.
INSTALL = """
set -eu
if ! command -v prometheus > /dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq install -y --no-install-recommends prometheus
    sed -i 's/^ARGS=.*/ARGS="--web.enable-lifecycle"/' /etc/default/prometheus
    grep -q lifecycle /etc/default/prometheus
    systemctl restart prometheus
fi
until curl -fsS http://127.0.0.1:9090/-/ready > /dev/null 2>&1; do sleep 0.2; done
"""


def ensure(server: Server) -> None:
    """Have it running and ready; a few seconds where it has to be installed."""
    server.exec(("timeout", "120", "sh", "-c", INSTALL))
