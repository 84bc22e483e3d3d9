"""Whether Prometheus has scraped its targets anew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from dcov.clients.prometheus import ActiveTarget, Prometheus
from dcov.context import Context
from dcov.errors import DcovError, PrometheusError
from dcov.monitoring.targets import Target


def _now() -> datetime:
    return datetime.now(tz=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scraped:
    """Every target was scraped after this check was made; one that is down counts, and is noted.

    Clocks may differ: the first look takes Prometheus' own last scrape as the beginning.
    """

    url: str
    targets: tuple[Target, ...]
    seen: dict[tuple[str, str], datetime | None] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """What is checked."""
        return f"not all of {len(self.targets)} targets have been scraped"

    def look(self, ctx: Context) -> str:
        """Ask Prometheus once."""
        try:
            active = ask_targets(ctx, url=self.url)
        except PrometheusError as error:
            return error.why
        waiting = [
            f"{target.instance} ({target.job})"
            for target in self.targets
            if not self._anew(active.get((target.job, target.instance)))
        ]
        return "waiting for " + ", ".join(waiting) if waiting else ""

    def diagnose(self, ctx: Context, *, seen: str) -> DcovError | None:
        """Add nothing: `seen` names the targets."""
        del ctx, seen
        return None

    def _anew(self, active: ActiveTarget | None) -> bool:
        if active is None or active.scraped_at is None:
            return False
        first = self.seen.setdefault((active.job, active.instance), active.scraped_at)
        return active.scraped_at != first or active.health == "up"


def ask_targets(ctx: Context, *, url: str) -> dict[tuple[str, str], ActiveTarget]:
    """Return Prometheus' active targets by job and instance, asked from the server itself."""
    from dcov.clients.tunnel import tunnelled

    client = Prometheus(tunnelled(ctx.open_port), url=url)
    return {(item.job, item.instance): item for item in client.targets()}


def down(active: Iterable[ActiveTarget]) -> list[str]:
    """Name the targets that are not up, in Prometheus' words."""
    return [
        f"{item.instance} ({item.job}) is {item.health}: {item.error or 'not scraped yet'}"
        for item in active
        if item.health != "up"
    ]
