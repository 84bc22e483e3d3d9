"""Four hours in the past of a small fleet in which everything that a panel shows has happened.

A stand-in for exporters, in OpenMetrics: gpu-01 has dc-exporter in C, gpu-02 the one in Rust and
dcgm-exporter, gpu-03 has been silent, and the master has no GPU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

HOURS = 4
STEP = 60
Values = Callable[[float], float]  # seconds since the beginning -> value
BREAKS = HOURS * 3600 - 1200  # when things break


def steady(value: float) -> Values:
    return lambda _: value


def growing(rate: float, *, start: float = 0) -> Values:
    return lambda seconds: start + rate * seconds


def once(before: float, after: float) -> Values:
    return lambda seconds: before if seconds < BREAKS else after


Series = tuple[str, dict[str, str], Values]


def fleet(now: float) -> Iterator[Series]:
    for server in ("gpu-01", "gpu-02", "master"):
        yield from _machine(server, now=now)
        yield "up", {"job": "node", "instance": server, "rack": "a1"}, steady(1)
    yield "up", {"job": "node", "instance": "gpu-03"}, steady(0)
    yield "up", {"job": "gpu", "instance": "gpu-03"}, steady(0)
    yield from _written_in_c("gpu-01")
    yield from _written_in_rust("gpu-02")
    yield from _dcgm("gpu-02")


def _machine(server: str, *, now: float) -> Iterator[Series]:
    own = {"job": "node", "instance": server}
    begin = now - HOURS * 3600
    yield "node_time_seconds", own, growing(1, start=begin)
    yield "node_boot_time_seconds", own, steady(begin - 86400)
    yield "node_timex_sync_status", own, steady(1)
    yield "node_os_info", {**own, "pretty_name": "Debian GNU/Linux 12"}, steady(1)
    yield "node_uname_info", {**own, "release": "6.1.0"}, steady(1)
    for cpu in ("0", "1"):
        for mode, share in (("idle", 0.75), ("user", 0.25)):
            yield "node_cpu_seconds_total", {**own, "cpu": cpu, "mode": mode}, growing(share)
    yield "node_load5", own, steady(1.5)
    chip = {**own, "chip": "platform_coretemp_0"}
    yield "node_hwmon_temp_celsius", {**chip, "sensor": "temp1"}, steady(55)
    yield "node_hwmon_chip_names", {**chip, "chip_name": "coretemp"}, steady(1)
    yield "node_memory_MemTotal_bytes", own, steady(64e9)
    yield "node_memory_MemAvailable_bytes", own, steady(2e9)
    yield "node_vmstat_oom_kill", own, once(0, 2)
    for mountpoint, fills in (("/", 0.0), ("/var/lib/docker", -5e6)):
        disk = {**own, "device": f"/dev/{len(mountpoint)}", "fstype": "ext4"}
        disk["mountpoint"] = mountpoint
        yield "node_filesystem_size_bytes", disk, steady(1e12)
        yield "node_filesystem_avail_bytes", disk, growing(fills, start=3e11)
        yield "node_filesystem_files", disk, steady(1e6)
        yield "node_filesystem_files_free", disk, steady(9e5)
        yield "node_filesystem_readonly", disk, steady(0)
    for name in ("node_disk_read_bytes_total", "node_disk_written_bytes_total"):
        yield name, {**own, "device": "nvme0n1"}, growing(1e6)
    yield "node_disk_io_time_seconds_total", {**own, "device": "nvme0n1"}, growing(0.4)
    for way in ("receive", "transmit"):
        yield f"node_network_{way}_bytes_total", {**own, "device": "eno1"}, growing(1e7)
        yield f"node_network_{way}_errs_total", {**own, "device": "eno1"}, growing(0.1)


def _gpu(own: dict[str, str], *, number: int) -> dict[str, str]:
    uuid = f"GPU-{own['instance']}-{number}"
    return {**own, "gpu": str(number), "UUID": uuid, "modelName": "RTX 4090", "Hostname": "x"}


def _measured(gpu: dict[str, str]) -> Iterator[Series]:
    values = {"GPU_TEMP": 84, "POWER_USAGE": 400, "GPU_UTIL": 97, "FAN_SPEED": 80}
    values |= {"SM_CLOCK": 2500, "MEM_CLOCK": 10500, "FB_USED": 20000, "FB_FREE": 4000}
    for name, value in values.items():
        yield f"DCGM_FI_DEV_{name}", gpu, steady(value)


def _written_in_c(server: str) -> Iterator[Series]:
    own = {"job": "gpu", "instance": server}
    yield "up", own, steady(1)
    yield "APT_UPGRADABLE_PACKAGES", own, steady(12)
    yield "DCXP_GPU_COUNT", {**own, "type": "pcie"}, steady(3)
    yield "DCXP_GPU_COUNT", {**own, "type": "nvml"}, steady(2)
    for number in range(2):
        gpu = {**_gpu(own, number=number), "DCXP_FI_DRIVER_VERSION": "550.90"}
        yield from _measured(gpu)
        yield "DCXP_FI_DEV_VRAM_TEMP", gpu, steady(96)
        yield "DCXP_FI_DEV_HOT_SPOT_TEMP", gpu, steady(98)
        yield "DCXP_AER_TOTAL_ERRORS", gpu, once(0, 7)
        yield "DCXP_ERROR_STATE", gpu, once(0, 1)
        for reason, value in (("GpuIdle", 0), ("HwThermalSlowdown", 1)):
            yield "DCXP_FI_DEV_CLOCKS_THROTTLE_REASON", {**gpu, "reason": reason}, steady(value)


def _written_in_rust(server: str) -> Iterator[Series]:
    own = {"job": "gpu", "instance": server}
    yield "up", own, steady(1)
    yield "dc_exporter_build_info", {**own, "version": "0.2.8"}, steady(1)
    yield "DCXP_VM_GPU_COUNT", own, steady(1)
    for kind, value in (("pcie", 4), ("nvml", 3), ("usable", 2)):
        yield "DCXP_GPU_COUNT", {**own, "type": kind}, steady(value)
    for number in range(3):
        gpu = {**_gpu(own, number=number), "DCGM_FI_DRIVER_VERSION": "550.90"}
        yield from _measured(gpu)
        yield "DCGM_FI_DEV_VRAM_TEMP", gpu, steady(90)
        yield "GPU_ERROR_STATE", gpu, once(1, 2 if number == 2 else 1)
        yield "DCXP_FI_DEV_POWER_LIMIT", gpu, steady(450)
        failure = {**gpu, "failure_reason": "fell off the bus"}
        yield "DCXP_GPU_HW_FAILURE", failure, once(0, 1 if number == 2 else 0)


def _dcgm(server: str) -> Iterator[Series]:
    own = {"job": "dcgm", "instance": server}
    yield "up", own, steady(1)
    for number in range(3):
        gpu = {**_gpu(own, number=number), "gpu": str(2 - number)}  # it counts from the other end
        yield from _measured(gpu)
        yield "DCGM_FI_DEV_XID_ERRORS", gpu, once(0, 79 if number == 2 else 0)
        yield "DCGM_FI_DEV_ROW_REMAP_FAILURE", gpu, once(0, 1 if number == 1 else 0)


def openmetrics(now: float) -> str:
    """Write it as `promtool tsdb create-blocks-from openmetrics` reads it."""
    lines: list[str] = []
    ordered = sorted(fleet(now), key=lambda series: series[0])  # a metric's lines in one place
    for name, labels, values in ordered:
        shown = ",".join(f'{label}="{value}"' for label, value in labels.items())
        lines += [
            f"{name}{{{shown}}} {values(seconds)!r} {now - HOURS * 3600 + seconds:.3f}"
            for seconds in range(0, HOURS * 3600 + 1, STEP)
        ]
    return "\n".join([*lines, "# EOF", ""])
