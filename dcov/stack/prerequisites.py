"""What a master's containers need of it: the engine, compose, and a few programs."""

from __future__ import annotations

from dcov.config.settings import Settings, SslMode
from dcov.converge.resource import Resource
from dcov.resources import Command, Packages, Unit
from dcov.stack.component import PROXY
from dcov.stack.survey import Survey

AT_BOOT = Command(
    name="docker-at-boot",
    argv=("systemctl", "--quiet", "enable", "docker"),
    unless=("systemctl", "--quiet", "is-enabled", "docker"),
    undo=("systemctl", "--quiet", "disable", "docker"),
)


def wanted_tools(settings: Settings) -> tuple[str, ...]:
    """Return the programs that the master itself needs, each in the package of its name."""
    ssl = settings.ssl
    issued = PROXY.on(settings) and ssl.mode is SslMode.LETSENCRYPT and not ssl.cert_path
    return ("curl", "openssl", *(("certbot",) if issued else ()))


def missing(found: Survey, *, settings: Settings, os_id: str) -> tuple[Resource, ...]:
    """Return what is still to be installed, enabled and started on a master found like this.

    Packages are the distribution's. What is there is used as it is, whoever installed it.
    """
    packages = [tool for tool in wanted_tools(settings) if tool not in found.tools]
    if "docker" not in found.tools:
        packages.append("docker.io")
    if not found.compose:
        packages.append("docker-compose-v2" if os_id == "ubuntu" else "docker-compose")
    return (
        # First, for it depends on nothing that is to be installed. It starts nothing anew.
        *((AT_BOOT,) if found.disabled else ()),
        *((Packages(names=tuple(packages)),) if packages else ()),
        *((Unit(name="docker"),) if not found.engine else ()),
    )


def found_engine(found: Survey) -> str:
    """Return a line about the engine of a master that was found like this."""
    if found.engine:
        return f"found Docker {found.engine}, compose {found.compose or 'none'}"
    if found.trouble:
        return f"found Docker, which does not answer: {found.trouble}"
    return "found no container engine"
