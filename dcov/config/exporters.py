"""What is said of exporters, by their names."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator

from dcov.config.fields import Port, Text, fault, frozen
from dcov.config.reading import nearest

# Those of the catalogue, which stands on a higher floor; a test holds them equal.
JOBS: Mapping[str, str] = MappingProxyType({"node_exporter": "node", "dc-exporter": "gpu"})


def exporter(value: str) -> str:
    """Accept the name of an exporter; its job is answered with the name."""
    if value not in JOBS:
        named = next((name for name, job in JOBS.items() if job == value), None)
        hint = f"did you mean {named}?" if named else nearest(value, among=tuple(JOBS))
        raise fault(f"no exporter is called so; {hint}")
    return value


def exporter_or_job(value: str) -> str:
    """Accept the name of an exporter, or of the Prometheus job of its targets."""
    if value not in (*JOBS, *JOBS.values()):
        hint = nearest(value, among=(*JOBS, *JOBS.values()))
        raise fault(f"no exporter is called so; {hint}")
    return value


ExporterName = Annotated[Text, AfterValidator(exporter)]
ExporterOrJob = Annotated[Text, AfterValidator(exporter_or_job)]
Ports = Annotated[Mapping[ExporterOrJob, Port], AfterValidator(frozen)]
