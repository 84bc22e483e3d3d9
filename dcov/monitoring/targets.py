"""What Prometheus scrapes: one function, from what is declared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from dcov.config.place import same_address
from dcov.errors import ConfigError, Problem
from dcov.exporters.catalogue import CATALOGUE
from dcov.exporters.exporter import Exporter
from dcov.inventory.entry import Entry, Role
from dcov.inventory.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing to scrape: no two of a site share job and instance, nor address and port."""

    job: str
    instance: str
    address: str
    port: int
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Address and port, IPv6 in brackets."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


def targets(
    site: Site, *, exporters: Iterable[Exporter] = CATALOGUE, master: str = ""
) -> tuple[Target, ...]:
    """Return every target of the site; `master` is where the master's own are scraped instead.

    An exporter for GPUs is a target where the server is declared with `has_gpu: true`. One that
    is silent stays a target. Raises ConfigError naming both where two would be the same place.
    """
    found = [
        _target(site, entry=entry, exporter=exporter, master=master)
        for exporter in exporters
        for entry in site.entries.values()
        if _has(site, entry=entry, exporter=exporter)
    ]
    _refuse_twins(found)
    return tuple(found)


def _has(site: Site, *, entry: Entry, exporter: Exporter) -> bool:
    own = site.settings.exporters.get(exporter.name)
    if own is not None and own.enabled is False:
        return False
    return bool(entry.has_gpu) or not exporter.needs_gpu


def _target(site: Site, *, entry: Entry, exporter: Exporter, master: str) -> Target:
    ports = entry.exporter_ports
    own = master if entry.role is Role.MASTER else ""
    return Target(
        job=exporter.job,
        instance=entry.name,
        address=own or entry.scrape_address or "127.0.0.1",
        port=ports.get(exporter.name, ports.get(exporter.job, exporter.port)),
        labels={**entry.labels, "site": site.name, "role": entry.role.value},
    )


def _refuse_twins(found: Iterable[Target]) -> None:
    at: dict[tuple[str, int], Target] = {}
    problems: list[Problem] = []
    for target in found:
        twin = at.setdefault((same_address(target.address), target.port), target)
        if twin is not target:
            message = (
                f"{twin.instance} ({twin.job}) and {target.instance} ({target.job}) would both be "
                f"scraped at {target.place}; give one of them exporter_ports or scrape_address"
            )
            problems.append(Problem(message=message, key="servers"))
    if problems:
        raise ConfigError(problems=tuple(problems))


def file_sd(found: Iterable[Target]) -> dict[str, str]:
    """Return the content of one file_sd file for each job, by job."""
    ordered = sorted(found, key=lambda target: (target.job, target.instance))
    return {
        job: json.dumps(
            [
                {
                    "targets": [target.place],
                    "labels": {**target.labels, "job": job, "instance": target.instance},
                }
                for target in members
            ],
            indent=1,
        )
        + "\n"
        for job, members in groupby(ordered, key=lambda target: target.job)
    }
