"""From a blank master and blank workers to a monitored site."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dcov import Step, Workflow
from dcov.tasks.configure_prometheus import configure_prometheus
from dcov.tasks.deploy_core import deploy_core
from dcov.tasks.deploy_ipmi_monitor import deploy_ipmi_monitor
from dcov.tasks.deploy_marketplace_exporters import deploy_marketplace_exporters
from dcov.tasks.import_dashboards import import_dashboards
from dcov.tasks.install_exporters import install_exporters
from dcov.tasks.install_prerequisites import install_prerequisites
from dcov.tasks.load_bundle import load_bundle
from dcov.tasks.setup_proxy import setup_proxy
from dcov.tasks.setup_ssh_keys import setup_ssh_keys

quickstart = Workflow(
    name="quickstart",
    summary="Deploy the whole site: keys, exporters, and the stack on the master.",
    steps=(
        Step(task=install_prerequisites),
        Step(task=setup_ssh_keys),
        Step(task=deploy_core, needs=("install-prerequisites",)),
        # The master's own listen where deploy-core's network is, and not for everybody.
        Step(task=install_exporters, on="all", needs=("setup-ssh-keys",), after=("deploy-core",)),
        Step(task=configure_prometheus, needs=("deploy-core",)),
        Step(task=import_dashboards, needs=("deploy-core",)),
        Step(task=deploy_ipmi_monitor, needs=("install-prerequisites",)),
        Step(task=deploy_marketplace_exporters, needs=("install-prerequisites",)),
        Step(task=setup_proxy, needs=("deploy-core",)),
    ),
)


def offline(source: Path) -> Workflow:
    """Return quickstart for a site without internet: images and exporters are those of a bundle."""
    first, *rest = quickstart.steps
    load = Step(task=load_bundle, params={"source": source}, needs=(first.name,))
    return replace(quickstart, steps=(first, load, *rest))
