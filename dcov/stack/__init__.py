"""What the monitoring stack on the master is made from."""

from __future__ import annotations

from dcov.rendering import Templates
from dcov.stack import grafana, ipmi_monitor, marketplaces, prometheus, proxy
from dcov.stack.blueprint import Blueprint
from dcov.stack.component import (
    COMPONENTS,
    GRAFANA,
    IPMI_MONITOR,
    PROMETHEUS,
    PROXY,
    RUNPOD,
    VASTAI,
    Component,
    wanted_tools,
)
from dcov.stack.destroy import Remains
from dcov.stack.healthy import Healthy
from dcov.stack.ledger import recorded
from dcov.stack.passwords import with_passwords
from dcov.stack.stack import Stack
from dcov.stack.survey import Survey

__all__ = [
    "COMPONENTS",
    "GRAFANA",
    "IPMI_MONITOR",
    "PROMETHEUS",
    "PROXY",
    "RUNPOD",
    "VASTAI",
    "Blueprint",
    "Component",
    "Healthy",
    "Remains",
    "Stack",
    "Survey",
    "Templates",
    "grafana",
    "ipmi_monitor",
    "marketplaces",
    "prometheus",
    "proxy",
    "recorded",
    "wanted_tools",
    "with_passwords",
]
