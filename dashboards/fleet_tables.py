"""The tables of the home page: what to look at, all servers, and the GPUs."""

from __future__ import annotations

from dcov.dashboards.board import Section
from dcov.dashboards.column import Column, Key, core, filled, hot, percent, plain, watts
from dcov.dashboards.look import ANY_IS_BAD, CLOCK, FULL_IN, HELD, STATE, UP, Scale
from dcov.dashboards.table import Matrix, Table

SERVER = Key(label="instance", title="Server")
GPU = (SERVER, Key(label="gpu", title="GPU"), Key(label="UUID"))
# To be held back by the power limit is what a busy GPU does; by these it loses what is paid for.
HELD_BACK = (
    'gpu:throttle_reason:bool{reason=~"HwSlowdown|.*ThermalSlowdown|HwPowerBrakeSlowdown"} == 1'
)
IN_ERROR = "(gpu:error_state:status > 0) != 3"
MISSING = "instance:gpu_count:missing > 0"
FILLING = (
    "(instance:filesystem_used:ratio > 0.85 or instance:filesystem_inodes_used:ratio > 0.85"
    " or instance:filesystem_full:seconds < 259200)"
)


def _short_of_gpus(record: str) -> str:
    return f"max by (instance) ({record}) and on (instance) {MISSING}"


def _filling(record: str) -> str:
    return f"max by (instance, mountpoint) ({record}) and on (instance, mountpoint) {FILLING}"


def _hottest(record: str) -> str:
    top = "topk(50, gpu:core_temp:celsius)"
    return f"max by (instance, gpu, UUID) ({record}) and on (instance, gpu, UUID) {top}"


def _gpu(record: str) -> str:
    return f"max by (instance, gpu, UUID) ({record})"


def _server(record: str) -> str:
    return f"max by (instance) ({record})"


ATTENTION = Section(
    title="To look at: empty tables are good",
    panels=(
        Table(
            title="Silent exporters",
            description="Targets that Prometheus cannot scrape. A server with a silent node"
            " exporter is down or cut off; with another one silent, only the exporter is.",
            keys=(SERVER, Key(label="job", title="Exporter")),
            columns=(
                Column(
                    title="State",
                    expr="max by (instance, job) (instance:target_up:bool == 0)",
                    words=UP,
                ),
            ),
            sort="Server",
            descending=False,
            width=8,
        ),
        Table(
            title="Servers that miss GPUs",
            description="Servers with fewer usable GPUs than are on their bus, or were within the"
            " last day. Look at the kernel's log for Xid 79, and at the cables.",
            keys=(SERVER,),
            columns=(
                Column(title="Missing", expr=_server(MISSING), scale=ANY_IS_BAD),
                plain("Usable", _short_of_gpus("instance:gpu_count:usable")),
                plain("Expected", _short_of_gpus("instance:gpu_count:expected")),
            ),
            width=8,
        ),
        Table(
            title="What holds GPUs back",
            description="GPUs that run slower than they could, and why. ThermalSlowdown: cooling."
            " HwPowerBrakeSlowdown: the power supply asked for it.",
            keys=(*GPU, Key(label="reason", title="Reason")),
            columns=(
                Column(
                    title="State",
                    expr=f"max by (instance, gpu, UUID, reason) ({HELD_BACK})",
                    words=HELD,
                ),
            ),
            sort="Server",
            descending=False,
            width=8,
        ),
        Table(
            title="Broken GPUs",
            description="What the driver and the kernel report. Xid: the last error of the driver."
            " Bus errors: of PCIe within an hour.",
            keys=GPU,
            columns=(
                Column(title="State", expr=_gpu(IN_ERROR), words=STATE),
                Column(
                    title="Failures",
                    expr="count by (instance, gpu, UUID) (instance:gpu_hw_failure:bool == 1)",
                    scale=ANY_IS_BAD,
                ),
                plain("Xid", _gpu("instance:gpu_xid:code > 0")),
                Column(
                    title="Memory beyond repair",
                    expr=_gpu("instance:gpu_row_remap_failure:bool == 1"),
                    scale=ANY_IS_BAD,
                ),
                Column(
                    title="Bus errors",
                    expr=_gpu("instance:gpu_aer_errors:increase1h > 0"),
                    decimals=0,
                ),
            ),
            sort="Server",
            descending=False,
            width=12,
        ),
        Table(
            title="Disks that fill",
            description="File systems above 85 % of their size or of their number of files, and"
            " those that will be full within three days at the pace of the last 6 hours.",
            keys=(SERVER, Key(label="mountpoint", title="Mounted at")),
            columns=(
                filled("Used", _filling("instance:filesystem_used:ratio")),
                plain("Free", _filling("instance:filesystem_avail:bytes"), "bytes"),
                filled("Files", _filling("instance:filesystem_inodes_used:ratio")),
                Column(
                    title="Full in",
                    expr=_filling("instance:filesystem_full:seconds"),
                    unit="s",
                    decimals=0,
                    scale=FULL_IN,
                ),
            ),
            width=12,
        ),
    ),
)

SERVERS = Section(
    title="Servers",
    panels=(
        Table(
            title="All servers",
            description="One line for each server. Click a head to sort, its funnel to filter, a"
            " name to see the server.",
            keys=(SERVER,),
            columns=(
                Column(
                    title="State", expr=_server('instance:target_up:bool{job="node"}'), words=UP
                ),
                plain("GPUs", _server("instance:gpu_count:usable")),
                percent("GPU use", "avg by (instance) (gpu:utilization:percent)"),
                core("Hottest core", _server("gpu:core_temp:celsius")),
                hot("Hottest memory", _server("gpu:memory_temp:celsius > 0")),
                watts("GPU power", "sum by (instance) (gpu:power_usage:watts)"),
                percent("CPU busy", f"100 * {_server('job:cpu_busy:ratio5m')}"),
                filled("Memory used", _server("instance:memory_used:ratio")),
                filled("Fullest disk", _server("instance:filesystem_used:ratio")),
                plain("Received", _server("instance:network_received:bytes_rate5m"), "Bps"),
                plain("Sent", _server("instance:network_sent:bytes_rate5m"), "Bps"),
                Column(
                    title="Killed for memory, 1 h",
                    expr=_server("instance:oom_kills:increase1h > 0"),
                    decimals=0,
                    scale=ANY_IS_BAD,
                ),
                Column(
                    title="Clock off by",
                    expr=_server("instance:clock_skew:seconds"),
                    unit="s",
                    decimals=1,
                    scale=CLOCK,
                ),
                plain("Up for", _server("instance:uptime:seconds"), "s"),
            ),
            sort="Server",
            descending=False,
            height=14,
        ),
    ),
)

GPUS = Section(
    title="GPU by GPU",
    panels=(
        Matrix(
            title="Core temperature, by server and GPU",
            description="Which GPUs are hot beside their neighbours: one slot of a rack, or a"
            " whole server.",
            expr="max by (instance, gpu) (gpu:core_temp:celsius)",
            unit="celsius",
            scale=Scale(base="transparent", steps=((80, "yellow"), (88, "red"))),
        ),
        Matrix(
            title="Utilisation, by server and GPU",
            description="Which GPUs work, and which are idle.",
            expr="max by (instance, gpu) (gpu:utilization:percent)",
            unit="percent",
            scale=Scale(base="transparent", steps=((1, "green"),)),
        ),
        Table(
            title="The 50 hottest GPUs",
            description="By the temperature of the core. A hot spot more than 20 degrees above the"
            " core tells of dried paste; hot memory of worn pads.",
            keys=GPU,
            columns=(
                core("Core", _hottest("gpu:core_temp:celsius")),
                hot("Hot spot", _hottest("gpu:hotspot_temp:celsius > 0")),
                hot("Memory", _hottest("gpu:memory_temp:celsius > 0")),
                percent("Fan", _hottest("gpu:fan_speed:percent")),
                watts("Power", _hottest("gpu:power_usage:watts")),
                percent("Utilisation", _hottest("gpu:utilization:percent")),
            ),
            sort="Core",
            height=12,
        ),
    ),
)
