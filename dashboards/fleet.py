"""The home page: what is wrong, and where; then what the whole fleet does."""

from __future__ import annotations

from dcov.dashboards.board import Board, Link, Section
from dcov.dashboards.fleet_tables import ATTENTION, GPUS, HELD_BACK, IN_ERROR, SERVERS
from dcov.dashboards.look import ANY_IS_BAD
from dcov.dashboards.panel import Lines, Query, Stat

SERVERS_UP = 'count(instance:target_up:bool{job="node"} == 1) or vector(0)'
SERVERS_SILENT = 'count(instance:target_up:bool{job="node"} == 0) or vector(0)'
OTHERS_SILENT = 'count(instance:target_up:bool{job!="node"} == 0) or vector(0)'

NOW = Section(
    title="Now",
    panels=(
        Stat(
            title="Servers up",
            description="Servers whose node_exporter answers Prometheus.",
            unit="none",
            queries=(Query(expr=SERVERS_UP),),
        ),
        Stat(
            title="Servers silent",
            description="Servers whose node_exporter does not answer: down, unreachable, or the"
            " exporter alone. The table below names them.",
            unit="none",
            scale=ANY_IS_BAD,
            queries=(Query(expr=SERVERS_SILENT),),
        ),
        Stat(
            title="Other exporters silent",
            description="Exporters of any other kind that do not answer. What they measure is"
            " not known while they are silent.",
            unit="none",
            scale=ANY_IS_BAD,
            queries=(Query(expr=OTHERS_SILENT),),
        ),
        Stat(
            title="GPUs",
            description="GPUs that are measured; those in virtual machines are not.",
            unit="none",
            queries=(Query(expr="fleet:gpu_count:total"),),
        ),
        Stat(
            title="GPUs missing",
            description="GPUs that are on the bus, or were within a day, and that neither the"
            " driver can use nor a virtual machine has.",
            unit="none",
            scale=ANY_IS_BAD,
            queries=(Query(expr="sum(instance:gpu_count:missing) or vector(0)"),),
        ),
        Stat(
            title="GPUs in error",
            description="GPUs whose state is warning, error or unavailable.",
            unit="none",
            scale=ANY_IS_BAD,
            queries=(Query(expr=f"count({IN_ERROR}) or vector(0)"),),
        ),
        Stat(
            title="GPUs held back",
            description="GPUs slowed down by heat, by the board's power brake or by the hardware."
            " The software's power limit is not counted: full load runs into it.",
            unit="none",
            scale=ANY_IS_BAD,
            queries=(
                Query(expr=f"count(count by (instance, gpu, UUID) ({HELD_BACK})) or vector(0)"),
            ),
        ),
        Stat(
            title="GPU power",
            description="Power drawn by all GPUs; the servers around them draw more.",
            unit="watt",
            queries=(Query(expr="fleet:power_usage:total_watts"),),
        ),
    ),
)

TIME = Section(
    title="Over time",
    panels=(
        Lines(
            title="Servers and GPUs",
            description="A step down is what was lost at that moment.",
            unit="none",
            queries=(
                Query(expr=SERVERS_UP, legend="servers up"),
                Query(expr="fleet:gpu_count:total", legend="GPUs measured"),
                Query(expr="fleet:gpu_count_pcie:total", legend="GPUs on the bus"),
                Query(expr="fleet:gpu_count_vm:total", legend="GPUs in virtual machines"),
            ),
        ),
        Lines(
            title="Power of all GPUs",
            description="What they draw together: the bill, and what the room has to cool.",
            unit="watt",
            queries=(Query(expr="fleet:power_usage:total_watts", legend="all GPUs"),),
        ),
        Lines(
            title="Use",
            description="How much of the fleet works: the mean over all GPUs, and over the"
            " processors of all servers.",
            unit="percent",
            top=100,
            queries=(
                Query(expr="fleet:utilization:avg_percent", legend="GPUs"),
                Query(expr="100 * avg(job:cpu_busy:ratio5m)", legend="processors"),
            ),
        ),
        Lines(
            title="Temperatures",
            description="The hottest core and hot spot of all, and the mean of the memories. All"
            " rising together is the room, not a card.",
            unit="celsius",
            queries=(
                Query(expr="fleet:hotspot_temp:max_celsius > 0", legend="hottest hot spot"),
                Query(expr="max(gpu:core_temp:celsius)", legend="hottest core"),
                Query(expr="fleet:memory_temp:avg_celsius > 0", legend="memory, mean"),
            ),
        ),
    ),
)

FLEET = Board(
    name="fleet",
    uid="dc-overview-main",
    title="Fleet",
    description="What is wrong in the fleet, where, and what the fleet does.",
    sections=(NOW, ATTENTION, SERVERS, GPUS, TIME),
    links=(Link(title="Server", uid="dc-overview-server"),),
)
