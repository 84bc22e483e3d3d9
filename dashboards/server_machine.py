"""The machine around the GPUs of one server."""

from __future__ import annotations

from dcov.dashboards.board import Section
from dcov.dashboards.column import Column, Key, filled, plain
from dcov.dashboards.look import FULL_IN, YES
from dcov.dashboards.panel import Lines, Query, host
from dcov.dashboards.table import Table


def _disk(record: str) -> str:
    return f"max by (mountpoint) ({host(record)})"


def _one(record: str, legend: str) -> Query:
    return Query(expr=host(record), legend=legend)


MACHINE = Section(
    title="The machine",
    panels=(
        Table(
            title="File systems",
            description="Full in: at the pace of the last 6 hours; empty where it does not fill.",
            keys=(Key(label="mountpoint", title="Mounted at"),),
            columns=(
                filled("Used", _disk("instance:filesystem_used:ratio")),
                plain("Free", _disk("instance:filesystem_avail:bytes"), "bytes"),
                plain("Size", _disk("instance:filesystem_size:bytes"), "bytes"),
                filled("Files", _disk("instance:filesystem_inodes_used:ratio")),
                Column(
                    title="Full in",
                    expr=_disk("instance:filesystem_full:seconds"),
                    unit="s",
                    decimals=0,
                    scale=FULL_IN,
                ),
                Column(
                    title="Read-only",
                    expr=_disk("instance:filesystem_readonly:bool"),
                    words=YES,
                ),
            ),
            sort="Used",
        ),
        Lines(
            title="Processors",
            description="Busy: share of their time. Load: processes that run or wait, for each"
            " processor; above 1 they queue.",
            unit="percentunit",
            queries=(
                _one("job:cpu_busy:ratio5m", "busy"),
                _one("instance:load5:ratio", "load"),
            ),
        ),
        Lines(
            title="Memory",
            description="What there is, and what programs can still have of it.",
            unit="bytes",
            queries=(
                _one("instance:memory_total:bytes", "total"),
                _one("instance:memory_available:bytes", "available"),
            ),
        ),
        Lines(
            title="Network",
            description="Over all ports of the machine, without bridges, bonds and containers'.",
            unit="Bps",
            queries=(
                _one("instance:network_received:bytes_rate5m", "received"),
                _one("instance:network_sent:bytes_rate5m", "sent"),
            ),
        ),
        Lines(
            title="Packets lost to errors",
            description="Packets each second that could not be received or sent: a cable, a port.",
            unit="pps",
            queries=(_one("instance:network_errors:rate5m", "errors"),),
        ),
        Lines(
            title="Disks, bytes",
            description="Read from and written to all disks.",
            unit="Bps",
            queries=(
                _one("instance:disk_read:bytes_rate5m", "read"),
                _one("instance:disk_written:bytes_rate5m", "written"),
            ),
        ),
        Lines(
            title="Disks, time",
            description="Share of the time in which each disk had something to do. A single slow"
            " disk at 100 % is worn or dying; an SSD at 100 % may have room left.",
            unit="percentunit",
            top=1,
            queries=(_one("instance:disk_busy:ratio5m", "{{device}}"),),
        ),
        Lines(
            title="Processor temperature",
            description="The hottest sensor of the processors.",
            unit="celsius",
            bottom=None,
            queries=(_one("instance:cpu_temp:celsius", "processors"),),
        ),
        Lines(
            title="Killed for want of memory",
            description="Processes that the kernel killed within an hour. On a rented server they"
            " are the tenant's.",
            unit="none",
            queries=(_one("instance:oom_kills:increase1h", "killed"),),
        ),
    ),
)
