"""A server of an architecture that the exporter is not built for, shown by a double of uname."""

from __future__ import annotations

from lab.ground import Ground
from lab.seen import differences, files

from dcov import Status
from dcov.tasks import install_exporters
from fleetlab.release import STAND_INS


def test_an_architecture_that_is_not_built_is_refused_there_alone(ground: Ground) -> None:
    """The error names what is needed and what the server is; the other server finishes."""
    ground.blank("gpu-02", "gpu-04")
    odd = ground.server("gpu-04")
    odd.exec(["tee", "/usr/local/bin/uname"], input=(STAND_INS / "uname").read_text())
    odd.exec(["chmod", "755", "/usr/local/bin/uname"])
    try:
        before = files(odd)
        report = ground.fleet("gpu-02", "gpu-04").run(install_exporters)
        assert differences(before, files(odd)) == {}
    finally:
        odd.exec(["rm", "/usr/local/bin/uname"])
    refused = report["gpu-04"]
    assert (refused.status, refused.code) == (Status.FAILED, "unfit-server")
    assert "x86_64 or aarch64" in refused.why
    assert "armv7l" in refused.why
    assert refused.hint
    assert report["gpu-02"].status is Status.CHANGED
