"""Looking at a whole site, over one connection to each server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

from dcov.context import Context, Preparing
from dcov.exporters import Installation
from dcov.fleet import Fleet
from dcov.inventory.entry import Role
from dcov.report import Outcome, Status
from dcov.runnable import task
from dcov.secret import Masker
from dcov.stack.blueprint import Blueprint
from dcov.stack.health.master import of_master
from dcov.stack.health.server import of_server
from dcov.stack.health.verdict import Health, Layer, Level, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The site as it should be."""

    blueprint: Blueprint
    installation: Installation

    @classmethod
    def prepare(cls, preparing: Preparing, **_: Any) -> Self:
        """Take it from the configuration; nothing is made up that is missing there."""
        return cls(
            blueprint=Blueprint.prepare(preparing), installation=Installation.prepare(preparing)
        )


@task(on="all", prepare=Wanted.prepare)
def health(ctx: Context) -> tuple[Verdict, ...]:
    """Look at one server, and on the master at the stack."""
    wanted: Wanted = ctx.prepared
    found = [*of_server(ctx, installation=wanted.installation)]
    if ctx.server.role is Role.MASTER:
        found += of_master(ctx, blueprint=wanted.blueprint)
    return tuple(found)


def check(fleet: Fleet) -> Health:
    """Look at the servers of this view and, if the master is among them, at the stack there.

    Nothing is changed anywhere: it runs as a plan does, in which the session itself refuses
    what does not only read. Raises ConfigError for a site that cannot be used.
    """
    report = _with_master(fleet).plan(health).report
    found = [verdict for outcome in report.outcomes for verdict in _verdicts(outcome)]
    order = tuple(Layer)
    return Health(
        site=fleet.site.name,
        verdicts=tuple(sorted(found, key=lambda item: order.index(item.layer))),
        seconds=report.seconds,
    )


def _with_master(fleet: Fleet) -> Fleet:
    """Return the same view with the master in it, also one that nobody declared."""
    master = fleet.site.master
    if fleet.names is not None or master.name in fleet.site.entries:
        return fleet
    entries = {**fleet.site.entries, master.name: master}
    return replace(fleet, site=replace(fleet.site, entries=entries))


def _verdicts(outcome: Outcome) -> Iterator[Verdict]:
    if outcome.value is not None:
        for item in outcome.value:
            yield _masked(item, masker=outcome.masker)
        return
    lost = outcome.status is Status.UNREACHABLE
    yield Verdict(
        layer=Layer.SERVERS,
        subject=outcome.server,
        level=Level.BAD,
        why=outcome.why.removeprefix(f"{outcome.server}: ") or str(outcome.status),
        hint=outcome.hint,
        server=outcome.server,
        unreachable=lost,
    )


def _masked(verdict: Verdict, *, masker: Masker) -> Verdict:
    return replace(
        verdict,
        subject=masker.text(verdict.subject),
        why=masker.text(verdict.why),
        hint=masker.text(verdict.hint),
    )
