"""Whether a server is fit, and its exporters answer."""

from __future__ import annotations

from collections.abc import Iterator

from dcov.access import Checkup
from dcov.access.checkup import BAD_SKEW
from dcov.context import Context
from dcov.errors import UnitFailedError
from dcov.exporters import Exporter, Installation, listen_address
from dcov.exporters.scrape import Answers
from dcov.stack.health.verdict import Layer, Level, Verdict

LITTLE, NEARLY_NONE = 0.15, 0.05  # of a file system
UNITS = {"=not-found": "is not installed", "=inactive": "is stopped"}


def of_server(ctx: Context, *, installation: Installation) -> Iterator[Verdict]:
    """Yield what is found on one server."""
    checkup = Checkup.of(ctx)
    troubles = ", ".join(text for text in checkup.troubles if "clock" not in text)
    yield Verdict(
        layer=Layer.SERVERS,
        subject=ctx.name,
        level=Level.WARN if troubles else Level.OK,
        why=troubles or f"{checkup.os} {checkup.arch}",
        server=ctx.name,
    )
    yield clock(ctx.name, skew=checkup.clock_skew)
    yield disk(ctx.name, "/", size=checkup.disk_kib, free=checkup.disk_free_kib)
    yield from _exporters(ctx, installation=installation)


def clock(server: str, *, skew: float) -> Verdict:
    """Judge how far a clock is off."""
    wrong = abs(skew) > BAD_SKEW
    return Verdict(
        layer=Layer.CLOCK,
        subject=server,
        level=Level.BAD if wrong else Level.OK,
        why=f"{skew:+.1f} s from this machine's" if wrong else "",
        hint="have a time service run on both: `timedatectl set-ntp true`" if wrong else "",
        server=server,
    )


def disk(server: str, path: str, *, size: int, free: int) -> Verdict:
    """Judge how much is left of a file system; sizes in KiB."""
    left = free / size if size else 1.0
    level = Level.BAD if left < NEARLY_NONE else Level.WARN if left < LITTLE else Level.OK
    bad = level is not Level.OK
    return Verdict(
        layer=Layer.DISK,
        subject=f"{server} {path}",
        level=level,
        why=f"{left:.0%} of {size / 2**20:.1f} GiB are free" if bad else "",
        hint="make room, or take a larger disk" if bad else "",
        server=server,
    )


def _exporters(ctx: Context, *, installation: Installation) -> Iterator[Verdict]:
    if not ctx.facts.has_systemd:
        return
    listen = listen_address(ctx)
    for exporter in installation.exporters:
        if not exporter.needs_gpu or _has_gpu(ctx):
            yield _exporter(ctx, exporter, installation=installation, listen=listen)


def _has_gpu(ctx: Context) -> bool:
    """Whether it has one: what is declared counts, else what is found."""
    declared = ctx.server.has_gpu
    return ctx.facts.has_gpu if declared is None else declared


def _exporter(
    ctx: Context, exporter: Exporter, *, installation: Installation, listen: str
) -> Verdict:
    """Scrape once, through our own connection."""
    subject = f"{ctx.name} {exporter.name}"
    answers = installation.check(exporter, listen=listen)
    seen = answers.look(ctx)
    if not seen:
        return Verdict(
            layer=Layer.EXPORTERS,
            subject=subject,
            why=f"{exporter.name} {answers.version}",
            server=ctx.name,
        )
    return Verdict(
        layer=Layer.EXPORTERS,
        subject=subject,
        level=Level.BAD,
        why=_why(ctx, answers, seen=seen),
        hint=f"`dcov run install-exporters --limit {ctx.name}` brings it back",
        server=ctx.name,
    )


def _why(ctx: Context, answers: Answers, *, seen: str) -> str:
    """Say what keeps an exporter from answering; its unit may not even be there."""
    cause = answers.diagnose(ctx, seen=seen)
    if isinstance(cause, UnitFailedError):
        argv = ("systemctl", "show", cause.unit, "-p", "LoadState", "-p", "ActiveState")
        states = ctx.run(argv, reads=True, check=False).stdout
        for state, why in UNITS.items():
            if state in states:
                return why
    return cause.why if cause else f"does not answer on port {answers.port}: {seen}"
