"""What IPMI Monitor is told: its servers and its passwords."""

from __future__ import annotations

from pathlib import PurePosixPath

import yaml

from dcov.converge.resource import Resource
from dcov.inventory.entry import Entry
from dcov.inventory.site import Site
from dcov.resources import Directory, SecretFile
from dcov.secret import Secret
from dcov.stack.environment import environment_file, environment_path

FOLDER = PurePosixPath("/etc/ipmi-monitor")
SERVERS = FOLDER / "servers.yaml"
ENVIRONMENT = environment_path("ipmi-monitor")


def files(site: Site) -> tuple[Resource, ...]:
    """Return its files; both have passwords in them and are root's alone."""
    return (
        Directory(path=FOLDER, mode=0o700),
        SecretFile(path=SERVERS, content=servers(site)),
        environment_file(ENVIRONMENT, _environment(site)),
    )


def servers(site: Site) -> Secret:
    """Return the content of servers.yaml: each server with a BMC, its own login before the site's.

    The form is that of the vendor's documentation.
    """
    items = [_server(entry) for entry in site.entries.values() if entry.bmc_address]
    return Secret(yaml.safe_dump({"servers": items}, sort_keys=False))


def _server(entry: Entry) -> dict[str, str]:
    return {
        "name": entry.name,
        "bmc_ip": str(entry.bmc_address),
        "server_ip": entry.scrape_address,
        "ipmi_user": str(entry.bmc_user),
        **({"ipmi_pass": entry.bmc_password.reveal()} if entry.bmc_password else {}),
    }


def _environment(site: Site) -> dict[str, Secret | str]:
    settings = site.settings
    own = settings.ipmi_monitor
    password = own.admin_password
    values: dict[str, Secret | str] = {"ADMIN_USER": settings.fleet_admin_user}
    if password is not None:
        values["ADMIN_PASS"] = password
    if own.ai_license_key is not None:
        values["AI_LICENSE_KEY"] = own.ai_license_key
    return values
