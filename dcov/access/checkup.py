"""What a server turned out to be when dcov first came to it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from dcov.context import Context
from dcov.facts import Facts, Gpu

ASK = ("sh", "-c", "id -u; date +%s.%N")
BAD_SKEW = 5.0  # seconds; Prometheus keeps its own time, but logs and certificates do not


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """A server that was logged in to and where root could be had; memory and disk in KiB.

    `clock_skew` is how many seconds its clock is ahead of this machine's, 0 where the difference
    is less than what the question took.
    """

    place: str
    user: str
    jump: str | None
    os: str
    arch: str
    cpus: int
    memory_kib: int
    disk_kib: int
    disk_free_kib: int
    gpus: tuple[Gpu, ...]
    clock_skew: float
    troubles: tuple[str, ...] = ()

    @classmethod
    def of(cls, ctx: Context) -> Checkup:
        """Log in, become root, ask; raises the ConnectError or the sudo error that says why not."""
        facts, login = ctx.facts, ctx.login
        skew = _skew(ctx)
        return cls(
            place=login.place,
            user=login.user,
            jump=login.jump,
            os=facts.os,
            arch=facts.arch,
            cpus=facts.cpus,
            memory_kib=facts.memory_kib,
            disk_kib=facts.disk_kib,
            disk_free_kib=facts.disk_free_kib,
            gpus=facts.gpus,
            clock_skew=skew,
            troubles=tuple(_troubles(facts, declared_gpu=ctx.server.has_gpu, skew=skew)),
        )

    def __str__(self) -> str:
        through = f" through {self.jump}" if self.jump else ""
        kinds = Counter((gpu.name, gpu.driver) for gpu in self.gpus)
        gpus = [f"{count} x {name} (driver {driver})" for (name, driver), count in kinds.items()]
        return ", ".join(
            (
                f"{self.user}@{self.place}{through}",
                f"{self.os} {self.arch}",
                f"{self.cpus} CPUs",
                f"{_gib(self.memory_kib)} memory",
                f"{_gib(self.disk_free_kib)} of {_gib(self.disk_kib)} free",
                *(gpus or ["no GPU"]),
                f"clock {self.clock_skew:+.1f} s",
                *self.troubles,
            )
        )


def _skew(ctx: Context) -> float:
    before = time.time()
    said = ctx.run(ASK, reads=True, within=30).stdout.split()
    after = time.time()
    whole, _, fraction = said[-1].partition(".")
    exact = fraction.isdigit()  # busybox knows whole seconds
    theirs = float(whole) + (float(f"0.{fraction}") if exact else 0.5)
    doubt = (after - before) / 2 + (0 if exact else 0.5)
    skew = theirs - (before + after) / 2
    return round(skew, 1) if abs(skew) > doubt else 0.0


def _troubles(facts: Facts, *, declared_gpu: bool | None, skew: float) -> Iterator[str]:
    if abs(skew) > BAD_SKEW:
        yield "its clock is wrong, or this machine's"
    if not facts.has_systemd:
        yield "no systemd"
    if facts.has_gpu and not facts.gpus:
        yield "a GPU whose driver does not answer"
    if declared_gpu is None and facts.has_gpu:
        yield "a GPU that is not declared (`has_gpu: true`), and so not scraped"
    if declared_gpu and not facts.has_gpu:
        yield "declared with a GPU and has none"


def _gib(kib: int) -> str:
    gib = kib / 2**20
    return f"{gib / 1024:.1f} TiB" if gib >= 1000 else f"{gib:.0f} GiB"  # noqa: PLR2004  # readable
