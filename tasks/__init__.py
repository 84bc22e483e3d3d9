"""What a fleet can be told to do. Written against dcov's public names only, as yours would be."""

from __future__ import annotations

from dcov.tasks.check_servers import check_servers
from dcov.tasks.configure_prometheus import configure_prometheus
from dcov.tasks.deploy_core import deploy_core
from dcov.tasks.install_exporters import install_exporters
from dcov.tasks.install_prerequisites import install_prerequisites
from dcov.tasks.quickstart import quickstart
from dcov.tasks.remove_exporters import remove_exporters
from dcov.tasks.setup_ssh_keys import setup_ssh_keys
from dcov.tasks.upgrade_exporters import upgrade_exporters

__all__ = [
    "check_servers",
    "configure_prometheus",
    "deploy_core",
    "install_exporters",
    "install_prerequisites",
    "quickstart",
    "remove_exporters",
    "setup_ssh_keys",
    "upgrade_exporters",
]
