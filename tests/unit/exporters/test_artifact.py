from __future__ import annotations

import pytest

from dcov.errors import UnfitServerError
from dcov.exporters.artifact import DC_EXPORTER, NODE_EXPORTER, Arch


def test_names_of_release_files_are_the_projects_own() -> None:
    node = NODE_EXPORTER.artifact("v1.10.2", arch=Arch.ARM64)
    assert node.url == (
        "https://github.com/prometheus/node_exporter/releases/download/v1.10.2/"
        "node_exporter-1.10.2.linux-arm64.tar.gz"
    )
    assert node.member == "node_exporter-1.10.2.linux-arm64/node_exporter"
    assert node.sums_url.endswith("/v1.10.2/sha256sums.txt")
    gpu = DC_EXPORTER.artifact("0.2.8", arch=Arch.AMD64)
    assert gpu.url == (
        "https://github.com/cryptolabsza/dc-exporter-releases/releases/download/v0.2.8/dc-exporter-rs"
    )
    assert gpu.member is None


def test_a_plain_binary_has_the_digest_of_its_file() -> None:
    gpu = DC_EXPORTER.artifact("0.2.8", arch=Arch.AMD64, sha256="a" * 64)
    assert gpu.pinned
    assert gpu.binary_sha256 == "a" * 64
    node = NODE_EXPORTER.artifact("1.10.2", arch=Arch.AMD64, sha256="a" * 64)
    assert node.binary_sha256 is None


def test_a_server_that_cannot_run_it_is_refused_with_what_it_needs() -> None:
    with pytest.raises(UnfitServerError, match="dc-exporter needs x86_64; this server has aarch64"):
        DC_EXPORTER.artifact("0.2.8", arch=Arch.ARM64)
    with pytest.raises(UnfitServerError, match="or aarch64; this server has riscv64"):
        NODE_EXPORTER.require(arch=Arch.of("riscv64"), machine="riscv64")
    with pytest.raises(UnfitServerError, match=r"glibc 2\.35 or newer; .* has glibc 2\.31"):
        DC_EXPORTER.require(arch=Arch.AMD64, glibc="2.31")
    DC_EXPORTER.require(arch=Arch.of("x86_64"), glibc="2.35")
    NODE_EXPORTER.require(arch=Arch.of("aarch64"), glibc="2.17")
