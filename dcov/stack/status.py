"""What runs on a master now, and how much of it is well: a glance, not an examination."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dcov.clients.docker import Container
from dcov.errors import PrometheusError
from dcov.fleet import Fleet
from dcov.stack.component import components_of
from dcov.stack.proxy import HOME
from dcov.stack.survey import SITE
from dcov.stack.tls.facts import CertificateFacts

VERSION = 1  # of the JSON form
CERTIFICATE = HOME / "ssl" / "server.crt"
ASK = f"df -Pk / /var/lib/docker; cat {shlex.quote(str(CERTIFICATE))}"
BEGIN = "-----BEGIN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A component of the site, and its container; `state` is `absent` where there is none.

    `version` is the tag of its image.
    """

    name: str
    image: str
    version: str
    state: str
    health: str = ""
    since: datetime | None = None
    ours: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSystem:
    """A file system of the master; sizes in KiB."""

    path: str
    size_kib: int
    free_kib: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StackStatus:
    """A master at one moment.

    `targets_up` is None where Prometheus does not answer, `certificate_days` where there is none.
    """

    site: str
    server: str
    engine: str
    services: tuple[Service, ...]
    targets_up: int | None
    targets: int
    certificate_days: int | None
    disks: tuple[FileSystem, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, versioned."""
        return {
            "version": VERSION,
            "site": self.site,
            "server": self.server,
            "engine": self.engine,
            "services": [
                {
                    "name": item.name,
                    "image": item.image,
                    "version": item.version,
                    "state": item.state,
                    "health": item.health,
                    "since": item.since.isoformat() if item.since else None,
                    "ours": item.ours,
                }
                for item in self.services
            ],
            "targets": {"up": self.targets_up, "all": self.targets},
            "certificate_days": self.certificate_days,
            "disks": [
                {"path": item.path, "size_kib": item.size_kib, "free_kib": item.free_kib}
                for item in self.disks
            ],
        }


def status(fleet: Fleet) -> StackStatus:
    """Look at the master of a fleet, over its own connections; nothing is changed.

    Raises EngineError where no container engine answers there.
    """
    settings = fleet.site.settings
    with fleet.docker as docker:
        engine = docker.version()
        found = {item.name: item for item in docker.containers()}
    up, targets = _targets(fleet)
    said = fleet.master.sh(ASK, as_root=True).value
    text = said.stdout if said is not None else ""
    disks, begin, certificate = text.partition(BEGIN)
    return StackStatus(
        site=fleet.site.name,
        server=fleet.master.name,
        engine=engine,
        services=tuple(
            _service(item.name, image=item.image(settings), container=found.get(item.name))
            for item in components_of(settings, here=found)
        ),
        targets_up=up,
        targets=targets,
        certificate_days=_days(begin + certificate) if begin else None,
        disks=_disks(disks),
    )


def _service(name: str, *, image: str, container: Container | None) -> Service:
    if container is None:
        return Service(name=name, image=image, version=_tag(image), state="absent")
    return Service(
        name=name,
        image=container.image,
        version=_tag(container.image),
        state=container.state,
        health=container.health,
        since=container.started_at,
        ours=SITE in container.labels,
    )


def _tag(image: str) -> str:
    """Return the tag of an image's name; a registry may have a port."""
    name, _, digest = image.partition("@")
    _, colon, tag = name.rpartition("/")[2].partition(":")
    return tag if colon else digest.removeprefix("sha256:")[:12] or "latest"


def _targets(fleet: Fleet) -> tuple[int | None, int]:
    with fleet.prometheus as client:
        try:
            states = [item.health for item in client.targets()]
        except PrometheusError:  # its container's state says it
            return None, 0
    return states.count("up"), len(states)


def _days(text: str) -> int | None:
    try:
        return CertificateFacts.of_pem(text).days_left(datetime.now(tz=UTC))
    except ValueError:
        return None


def _disks(text: str) -> tuple[FileSystem, ...]:
    rows = (line.split(None, 5) for line in text.splitlines()[1:])
    found = {row[5]: row for row in rows if len(row) == 6 and row[1].isdigit()}  # noqa: PLR2004
    return tuple(
        FileSystem(path=path, size_kib=int(row[1]), free_kib=int(row[3]))
        for path, row in found.items()
    )
