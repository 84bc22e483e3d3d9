"""The gate: nginx between a proxy of the family and the private networks."""

from __future__ import annotations

from pathlib import PurePosixPath

from dcov.converge.resource import Resource
from dcov.resources import Directory, File
from dcov.ssh.scripts import remote
from dcov.stack.component import GATE
from dcov.stack.paths import HOME
from dcov.stack.proxy.family import Family
from dcov.stack.proxy.nginx import STRIPPED
from dcov.stack.proxy.reload import ProxyReloaded
from dcov.stack.stack import IDENTITY, METRICS, PRIVATE, SHARED, Stack

FOLDER = HOME / "gate"
CONF = FOLDER / "nginx" / "nginx.conf"
TEMPLATE = "stack/gate.conf.j2"


def gate_files(stack: Stack, *, family: Family) -> tuple[Resource, ...]:
    """Return its configuration, checked by nginx itself."""
    values = {
        "family": family.container.addresses[SHARED],
        "tells_role": family.tells_role,
        "stripped": STRIPPED,
        "inner_networks": tuple(PRIVATE.values()),
        "metrics": METRICS,
        "identity": IDENTITY,
        "inner_port": GATE.port,
    }
    check = ("sh", "-c", remote("nginx-check.sh"), "sh", stack.image(GATE), str(FOLDER))
    return (
        Directory(path=FOLDER),
        Directory(path=CONF.parent),
        File(
            path=CONF,
            content=stack.templates.render(TEMPLATE, values),
            validate=check,
            checker="nginx -t",
        ),
    )


def gate_reloaded() -> ProxyReloaded:
    """Return the gate that has read its configuration."""
    return ProxyReloaded(container=GATE.name, files=(PurePosixPath(CONF),))
