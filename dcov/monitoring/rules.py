"""The recording rules that dashboards and alerts are written on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dcov.rendering import Templates

RULES = ("dcov-recording.yml", "dcov-hosts.yml")


def rules(templates: Templates) -> Mapping[str, str]:
    """Return the rule files that dcov gives to Prometheus: each one's name and content.

    A project's own `prometheus/rules/NAME` takes the place of ours; files of other names are left
    to the project, which names them in its own configuration.
    """
    return MappingProxyType(
        {name: templates.render(f"prometheus/rules/{name}", {}) for name in RULES}
    )
