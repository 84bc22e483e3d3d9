"""One server: what it is, its GPUs, and the machine around them."""

from __future__ import annotations

from dcov.dashboards.board import Board, Link, Section, Variable
from dcov.dashboards.column import Column, Key, label, plain
from dcov.dashboards.look import ANY_IS_BAD, CLOCK, IN_STEP, SHARE, UP
from dcov.dashboards.panel import Query, Stat, host
from dcov.dashboards.server_gpus import GPUS
from dcov.dashboards.server_machine import MACHINE
from dcov.dashboards.table import Table


def _this(record: str) -> str:
    return f"max by (instance) ({host(record)})"


def _info(title: str, record: str, *, of: str) -> Column:
    return label(title, f"group by (instance, {of}) ({host(record)})", of=of)


NOW = Section(
    title="$instance",
    panels=(
        Stat(
            title="Exporters",
            description="Whether each exporter of this server answers Prometheus.",
            unit="none",
            words=UP,
            queries=(Query(expr=host("instance:target_up:bool"), legend="{{job}}"),),
            width=5,
        ),
        Stat(
            title="Up for",
            description="Time since the last boot.",
            unit="s",
            decimals=0,
            queries=(Query(expr=host("instance:uptime:seconds")),),
        ),
        Stat(
            title="GPUs missing",
            description="GPUs that are on the bus, or were within a day, and that neither the"
            " driver can use nor a virtual machine has.",
            unit="none",
            scale=ANY_IS_BAD,
            queries=(Query(expr=host("instance:gpu_count:missing")),),
        ),
        Stat(
            title="GPU power",
            description="Power drawn by all GPUs of this server.",
            unit="watt",
            queries=(Query(expr=f"sum({host('gpu:power_usage:watts')})"),),
        ),
        Stat(
            title="CPU busy",
            description="Share of the processors' time in the last 5 minutes.",
            unit="percentunit",
            decimals=0,
            queries=(Query(expr=host("job:cpu_busy:ratio5m")),),
        ),
        Stat(
            title="Memory used",
            description="Memory that programs cannot have any more.",
            unit="percentunit",
            decimals=0,
            scale=SHARE,
            queries=(Query(expr=host("instance:memory_used:ratio")),),
        ),
        Stat(
            title="Fullest disk",
            description="The fullest of the file systems listed below.",
            unit="percentunit",
            decimals=0,
            scale=SHARE,
            queries=(Query(expr=f"max({host('instance:filesystem_used:ratio')})"),),
            width=4,
        ),
        Table(
            title="What it is",
            description="System, kernel and driver, as its exporters report them.",
            keys=(Key(label="instance", title="Server"),),
            columns=(
                _info("System", "instance:os:info", of="pretty_name"),
                _info("Kernel", "instance:kernel:info", of="release"),
                _info("GPU driver", "instance:gpu_driver:info", of="version"),
                plain("Processors", _this("instance:cpu_cores:count")),
                plain("Memory", _this("instance:memory_total:bytes"), "bytes"),
                plain("GPUs on the bus", _this("instance:gpu_count:installed")),
                plain("GPUs in virtual machines", _this("gpu:vm_count:total")),
                plain("Updates", _this("instance:packages_upgradable:count")),
                Column(
                    title="Clock in step",
                    expr=_this("instance:clock_synced:bool"),
                    words=IN_STEP,
                ),
                Column(
                    title="Clock off by",
                    expr=_this("instance:clock_skew:seconds"),
                    unit="s",
                    decimals=1,
                    scale=CLOCK,
                ),
            ),
            sort="Server",
            height=4,
        ),
    ),
)

SERVER = Board(
    name="server",
    uid="dc-overview-server",
    title="Server",
    description="One server: what it is, its GPUs, and the machine around them.",
    sections=(NOW, GPUS, MACHINE),
    variables=(
        Variable(
            name="instance",
            title="Server",
            selector='instance:target_up:bool{job=~"node|gpu|dcgm"}',
        ),
    ),
    links=(Link(title="Fleet", uid="dc-overview-main"),),
)
