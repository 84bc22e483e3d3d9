"""An exporter: what is installed, how it runs, and how it shows that it works."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath

from dcov.converge.resource import Resource
from dcov.exporters.artifact import Release
from dcov.exporters.depot import Binary as Fetched
from dcov.exporters.manifest import Manifest, digests_file
from dcov.rendering import Templates
from dcov.resources.binary import Binary
from dcov.resources.file import File
from dcov.resources.port import FreePort
from dcov.resources.unit import Unit
from dcov.resources.user import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """One catalogue entry.

    `job` is the Prometheus job of its targets. `sentinel` is a metric that only this exporter
    has, with its version as a label. `user` is the system user that it runs as, None for root.
    """

    name: str
    job: str
    unit: str
    binary: PurePosixPath
    port: int
    sentinel: str
    release: Release
    template: str
    user: str | None = None
    needs_gpu: bool = False
    flags: tuple[str, ...] = ()

    @property
    def unit_file(self) -> PurePosixPath:
        """Where its unit file lies; the same as the existing product's."""
        return PurePosixPath(f"/etc/systemd/system/{self.unit}.service")

    def render(self, templates: Templates, *, port: int, listen: str = "") -> str:
        """Return its unit file."""
        values = {
            "binary": str(self.binary),
            "user": self.user or "root",
            "port": port,
            "listen": listen,
            "flags": self.flags,
        }
        return templates.render(self.template, values)

    def resources(
        self, fetched: Fetched, *, templates: Templates, port: int, listen: str = ""
    ) -> tuple[Resource, ...]:
        """Return all that makes it run on a server, in the order of applying."""
        unit = self.render(templates, port=port, listen=listen)
        digests = {
            self.binary: fetched.sha256,
            self.unit_file: sha256(unit.encode()).hexdigest(),
        }
        return (
            FreePort(port=port, unit=self.unit),
            Manifest(
                exporter=self.name,
                unit=self.unit,
                user=self.user or "",
                paths=(self.binary, self.unit_file),
            ),
            digests_file(digests, exporter=self.name),
            *((User(name=self.user),) if self.user else ()),
            Binary(path=self.binary, source=fetched.path, sha256=fetched.sha256),
            File(path=self.unit_file, content=unit),
            Unit(
                name=self.unit,
                binary_sha256=fetched.sha256,
                started_with=digests[self.unit_file],
            ),
        )
