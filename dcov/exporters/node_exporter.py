"""node_exporter: the machine itself, its processors, memory, disks and network."""

from __future__ import annotations

from pathlib import PurePosixPath

from dcov.exporters.artifact import NODE_EXPORTER as RELEASE
from dcov.exporters.exporter import Exporter

NODE_EXPORTER = Exporter(
    name="node_exporter",
    job="node",
    unit="node_exporter",
    binary=PurePosixPath("/usr/local/bin/node_exporter"),
    port=9100,
    sentinel="node_exporter_build_info",
    release=RELEASE,
    template="units/node_exporter.service.j2",
    user="node_exporter",
)
