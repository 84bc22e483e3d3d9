"""What the monitoring stack on the master is made from."""

from __future__ import annotations

from dcov.deployed import check_site
from dcov.rendering import Templates
from dcov.stack import (
    grafana,
    health,
    ipmi_monitor,
    marketplaces,
    prerequisites,
    prometheus,
    proxy,
    upgrade,
)
from dcov.stack.adoption import Adoption, adopt, find_adoption
from dcov.stack.archive import Contents
from dcov.stack.backup import backup
from dcov.stack.blueprint import Blueprint
from dcov.stack.bundle import Bundle, Bundling
from dcov.stack.component import (
    COMPONENTS,
    GRAFANA,
    IPMI_MONITOR,
    PROMETHEUS,
    PROXY,
    RUNPOD,
    VASTAI,
    Component,
)
from dcov.stack.destroy import Remains
from dcov.stack.engine import on_engine
from dcov.stack.healthy import Healthy
from dcov.stack.ledger import recorded
from dcov.stack.operation import logs, restart_services
from dcov.stack.passwords import with_passwords
from dcov.stack.proxy.operation import check_proxy, reload_proxy, render_proxy
from dcov.stack.restore import Restoring
from dcov.stack.stack import SHARED, Stack
from dcov.stack.status import StackStatus, status
from dcov.stack.survey import Survey
from dcov.stack.truth import claim
from dcov.stack.withdrawn import say_withdrawn, withdraw

__all__ = [
    "COMPONENTS",
    "GRAFANA",
    "IPMI_MONITOR",
    "PROMETHEUS",
    "PROXY",
    "RUNPOD",
    "SHARED",
    "VASTAI",
    "Adoption",
    "Blueprint",
    "Bundle",
    "Bundling",
    "Component",
    "Contents",
    "Healthy",
    "Remains",
    "Restoring",
    "Stack",
    "StackStatus",
    "Survey",
    "Templates",
    "adopt",
    "backup",
    "check_proxy",
    "check_site",
    "claim",
    "find_adoption",
    "grafana",
    "health",
    "ipmi_monitor",
    "logs",
    "marketplaces",
    "on_engine",
    "prerequisites",
    "prometheus",
    "proxy",
    "recorded",
    "reload_proxy",
    "render_proxy",
    "restart_services",
    "say_withdrawn",
    "status",
    "upgrade",
    "with_passwords",
    "withdraw",
]
