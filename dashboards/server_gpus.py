"""The GPUs of one server."""

from __future__ import annotations

from dcov.dashboards.board import Section
from dcov.dashboards.column import Column, Key, core, hot, label, percent, plain, watts
from dcov.dashboards.look import ANY_IS_BAD, HELD, STATE, Scale
from dcov.dashboards.panel import Lines, Query, States, host
from dcov.dashboards.table import Table

CORE_LINES = Scale(base="text", steps=((80, "yellow"), (88, "red")))
HOT_LINES = Scale(base="text", steps=((95, "yellow"), (105, "red")))
HELD_BACK = host(
    "gpu:throttle_reason:bool",
    'reason=~"HwSlowdown|.*ThermalSlowdown|HwPowerBrakeSlowdown"',
)

NOT_IDLE = host("gpu:throttle_reason:bool", 'reason!="GpuIdle"')


def _gpu(record: str, *, beyond: str = "") -> str:
    return f"max by (gpu, UUID) ({host(record)}{beyond})"


def _each(record: str, *, legend: str = "GPU {{gpu}}", beyond: str = "") -> Query:
    return Query(expr=f"max by (gpu) ({host(record)}){beyond}", legend=legend)


GPUS = Section(
    title="GPUs",
    panels=(
        Table(
            title="Each GPU",
            description="As it is now. Held back by: how many reasons slow it down, beside the"
            " software's power limit. Xid: the last error of the driver.",
            keys=(Key(label="gpu", title="GPU"), Key(label="UUID", title="UUID")),
            columns=(
                label(
                    "Model",
                    f"group by (gpu, UUID, modelName) ({host('instance:gpu_model:info')})",
                    of="modelName",
                ),
                Column(title="State", expr=_gpu("gpu:error_state:status"), words=STATE),
                percent("Use", _gpu("gpu:utilization:percent")),
                core("Core", _gpu("gpu:core_temp:celsius")),
                hot("Hot spot", _gpu("gpu:hotspot_temp:celsius", beyond=" > 0")),
                hot("Memory", _gpu("gpu:memory_temp:celsius", beyond=" > 0")),
                watts("Power", _gpu("gpu:power_usage:watts")),
                watts("Limit", _gpu("instance:gpu_power_limit:watts")),
                percent("Fan", _gpu("gpu:fan_speed:percent")),
                plain("Memory used", _gpu("gpu:memory_used:bytes"), "bytes"),
                Column(
                    title="Held back by",
                    expr=f"count by (gpu, UUID) ({HELD_BACK} == 1)",
                    scale=ANY_IS_BAD,
                ),
                Column(
                    title="Failures",
                    expr=f"count by (gpu, UUID) ({host('instance:gpu_hw_failure:bool')} == 1)",
                    scale=ANY_IS_BAD,
                ),
                plain("Xid", _gpu("instance:gpu_xid:code", beyond=" > 0")),
                plain("Bus errors", _gpu("gpu:aer_errors:total")),
            ),
            sort="GPU",
            descending=False,
            height=9,
        ),
        Lines(
            title="Utilisation",
            description="Share of the time in which a kernel ran, for each GPU.",
            unit="percent",
            top=100,
            queries=(_each("gpu:utilization:percent"),),
        ),
        Lines(
            title="Power",
            description="Power drawn by each GPU, and its limit where the exporter tells it.",
            unit="watt",
            queries=(
                _each("gpu:power_usage:watts"),
                _each("instance:gpu_power_limit:watts", legend="limit of GPU {{gpu}}"),
            ),
        ),
        Lines(
            title="Core temperature",
            description="Of each GPU. Most cards slow down between 83 and 90 degrees.",
            unit="celsius",
            bottom=None,
            scale=CORE_LINES,
            queries=(_each("gpu:core_temp:celsius"),),
        ),
        Lines(
            title="Hot spot and memory temperature",
            description="Of each GPU whose sensors can be read. Memory slows down at about 105"
            " degrees.",
            unit="celsius",
            bottom=None,
            scale=HOT_LINES,
            queries=(
                _each("gpu:hotspot_temp:celsius", legend="hot spot of GPU {{gpu}}", beyond=" > 0"),
                _each("gpu:memory_temp:celsius", legend="memory of GPU {{gpu}}", beyond=" > 0"),
            ),
        ),
        Lines(
            title="Fans",
            description="Of each GPU. A fan at 100 % has nothing left; one that rises at the same"
            " temperature is getting weak.",
            unit="percent",
            top=100,
            queries=(_each("gpu:fan_speed:percent"),),
        ),
        Lines(
            title="Clocks",
            description="Of the processors and of the memory of each GPU.",
            unit="hertz",
            queries=(
                _each("gpu:sm_clock:mhz", legend="processors of GPU {{gpu}}", beyond=" * 1e6"),
                _each("gpu:mem_clock:mhz", legend="memory of GPU {{gpu}}", beyond=" * 1e6"),
            ),
        ),
        Lines(
            title="GPU memory used",
            description="Of each GPU.",
            unit="bytes",
            queries=(_each("gpu:memory_used:bytes"),),
        ),
        Lines(
            title="Errors on the PCIe bus",
            description="Errors that the kernel logged within an hour: cables, risers, slots.",
            unit="none",
            queries=(_each("instance:gpu_aer_errors:increase1h"),),
        ),
        States(
            title="State of each GPU",
            description="As its exporter judges it.",
            words=STATE,
            queries=(_each("gpu:error_state:status"),),
        ),
        States(
            title="What holds GPUs back",
            description="Every reason that is not idleness. SwPowerCap is normal under full load.",
            words=HELD,
            queries=(
                Query(
                    expr=f"max by (gpu, reason) ({NOT_IDLE})",
                    legend="GPU {{gpu}} {{reason}}",
                ),
            ),
        ),
    ),
)
