"""dc-exporter-rs: GPUs with their memory and hot-spot temperatures. Closed source, x86_64 only."""

from __future__ import annotations

from pathlib import PurePosixPath

from dcov.exporters.artifact import DC_EXPORTER as RELEASE
from dcov.exporters.exporter import Exporter

DC_EXPORTER = Exporter(
    name="dc-exporter",
    job="gpu",
    unit="dc-exporter",
    binary=PurePosixPath("/usr/local/bin/dc-exporter-rs"),
    port=9835,
    sentinel="dc_exporter_build_info",
    release=RELEASE,
    template="units/dc-exporter.service.j2",
    needs_gpu=True,
)
