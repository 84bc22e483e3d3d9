"""The exporter for GPUs, with stand-ins for it and for nvidia-smi: the lab has no GPU."""

from __future__ import annotations

from pathlib import Path

from lab.ground import OLD, Ground
from lab.seen import differences, digest, files, left_behind, look, main_pid, sha256, version

from dcov import Fleet, Status
from dcov.tasks import install_exporters, remove_exporters
from fleetlab.release import STAND_INS
from fleetlab.server import Server


def with_gpu(server: Server) -> None:
    """Give the server the stand-in for nvidia-smi."""
    server.exec(["tee", "/usr/bin/nvidia-smi"], input=(STAND_INS / "nvidia-smi").read_text())
    server.exec(["chmod", "755", "/usr/bin/nvidia-smi"])


def test_it_goes_where_a_gpu_is(ground: Ground) -> None:
    """Both exporters on the server with a GPU; elsewhere one, and the reason for it."""
    ground.blank("gpu-02", "gpu-03")
    server = ground.server("gpu-02")
    with_gpu(server)
    before = files(server)
    fleet = ground.fleet("gpu-02", "gpu-03")
    report = fleet.run(install_exporters)
    report.raise_for_failures()
    assert not any("dc-exporter skipped" in note for note in report["gpu-02"].notes)
    assert "dc-exporter skipped: no GPU here" in report["gpu-03"].notes

    host = look(server)
    assert host.service("dc-exporter").is_running
    assert host.service("dc-exporter").is_enabled
    program = sha256(ground.dc_exporter())
    assert digest(server, "/usr/local/bin/dc-exporter-rs") == program
    assert digest(server, f"/proc/{main_pid(server, 'dc-exporter')}/exe") == program
    assert version(server, 9835) == "0.2.8"
    assert version(server) == OLD
    said = host.run("systemd-analyze verify /etc/systemd/system/dc-exporter.service")
    assert (said.rc, said.stdout, said.stderr) == (0, "", "")
    elsewhere = look(ground.server("gpu-03"))
    assert not elsewhere.file("/usr/local/bin/dc-exporter-rs").exists
    assert not elsewhere.service("dc-exporter").exists

    again = fleet.run(install_exporters)
    assert {outcome.status for outcome in again.outcomes} == {Status.OK}
    cost = again["gpu-02"].cost
    assert (cost.connections, cost.execs, cost.channels) == (1, 2, 2)

    fleet.run(remove_exporters, exporters=["gpu"]).raise_for_failures()
    assert version(server) == OLD
    assert not look(server).file("/usr/local/bin/dc-exporter-rs").exists
    fleet.run(remove_exporters).raise_for_failures()
    assert differences(before, files(server)) == {}
    assert left_behind(server) == []


def test_one_of_two_exporters_fails(ground: Ground, tmp_path: Path) -> None:
    """When the GPU's exporter does not come up its server is as before, with neither of them."""
    ground.blank("gpu-02")
    server = ground.server("gpu-02")
    with_gpu(server)
    before = files(server)
    site = ground.site(tmp_path)
    own = tmp_path / "templates" / "units" / "dc-exporter.service.j2"
    own.parent.mkdir(parents=True)
    shipped = Path(__file__).parents[2] / "templates" / "units" / own.name
    broken = "[Service]\nEnvironment=DC_EXPORTER_BROKEN=1"
    own.write_text(shipped.read_text().replace("[Service]", broken))
    outcome = Fleet.load(site).where("gpu-02").run(install_exporters)["gpu-02"]
    assert (outcome.status, outcome.code) == (Status.FAILED, "unit-failed"), outcome.why
    assert "dc-exporter" in outcome.why
    assert outcome.rollback == "complete"
    assert differences(before, files(server)) == {}
    assert left_behind(server) == []
    assert version(server) == ""
