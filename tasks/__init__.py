"""What a fleet can be told to do. Written against dcov's public names only, as yours would be."""

from __future__ import annotations

from dcov.tasks.backup_stack import backup_stack
from dcov.tasks.bundle_site import bundle_site
from dcov.tasks.check_servers import check_servers
from dcov.tasks.configure_grafana import configure_grafana
from dcov.tasks.configure_prometheus import configure_prometheus
from dcov.tasks.deploy_core import deploy_core
from dcov.tasks.deploy_ipmi_monitor import deploy_ipmi_monitor
from dcov.tasks.deploy_marketplace_exporters import deploy_marketplace_exporters
from dcov.tasks.destroy import destroy
from dcov.tasks.destroy_stack import destroy_stack
from dcov.tasks.import_dashboards import import_dashboards
from dcov.tasks.install_exporters import install_exporters
from dcov.tasks.install_prerequisites import install_prerequisites
from dcov.tasks.load_bundle import load_bundle
from dcov.tasks.quickstart import offline, quickstart
from dcov.tasks.reload_prometheus import reload_prometheus
from dcov.tasks.remove_exporters import remove_exporters
from dcov.tasks.restore_stack import restore_stack
from dcov.tasks.setup_proxy import setup_proxy
from dcov.tasks.setup_ssh_keys import setup_ssh_keys
from dcov.tasks.upgrade_exporters import upgrade_exporters
from dcov.tasks.upgrade_stack import upgrade_stack

__all__ = [
    "backup_stack",
    "bundle_site",
    "check_servers",
    "configure_grafana",
    "configure_prometheus",
    "deploy_core",
    "deploy_ipmi_monitor",
    "deploy_marketplace_exporters",
    "destroy",
    "destroy_stack",
    "import_dashboards",
    "install_exporters",
    "install_prerequisites",
    "load_bundle",
    "offline",
    "quickstart",
    "reload_prometheus",
    "remove_exporters",
    "restore_stack",
    "setup_proxy",
    "setup_ssh_keys",
    "upgrade_exporters",
    "upgrade_stack",
]
