"""Whether an exporter answers, and is the one that was installed."""

from __future__ import annotations

from dataclasses import dataclass

from dcov.context import Context
from dcov.converge.resource import Resource
from dcov.errors import DcovError, LinkLostError, OtherExporterError, UnitFailedError
from dcov.exporters.exporter import Exporter

WITHIN = 5.0  # seconds for one scrape
OTHER = "another than what was installed answers: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The exporter's /metrics has its sentinel metric, with this version.

    `listen` is the only address that it listens on; empty where it listens on all.

    What was just applied is probed once more: the right program behind the port and not another
    one that happens to answer.
    """

    exporter: Exporter
    port: int
    version: str
    listen: str = ""
    resources: tuple[Resource, ...] = ()

    @property
    def name(self) -> str:
        """What is checked."""
        return f"{self.exporter.name} does not answer on port {self.port}"

    def look(self, ctx: Context) -> str:
        """Scrape once."""
        import requests

        from dcov.clients.tunnel import tunnelled

        try:
            with tunnelled(ctx.open_port, within=WITHIN) as http:
                place = f"{self.listen or '127.0.0.1'}:{self.port}"
                answer = http.get(f"http://{place}/metrics", timeout=WITHIN)
                answer.raise_for_status()
        except LinkLostError:
            raise
        except (requests.RequestException, OSError) as error:
            return f"{type(error).__name__}: {error}"[:200]
        found = version_in(answer.text, sentinel=self.exporter.sentinel)
        if found is None:
            return f"{self.exporter.sentinel} is not among its metrics"
        if found.removeprefix("v") != self.version:
            return f"{OTHER}version {found}"
        differing = [change for change in ctx.differs(*self.resources) if change.needed]
        return f"{OTHER}{' '.join(differing[0].diff)}" if differing else ""

    def diagnose(self, ctx: Context, *, seen: str) -> DcovError | None:
        """Ask systemd whether the unit stays up, and the journal for its last words.

        An answer that is not what was installed does not become so by waiting.
        """
        if seen.startswith(OTHER):
            return OtherExporterError(
                exporter=self.exporter.name,
                version=self.version,
                port=self.port,
                found=seen.removeprefix(OTHER),
            )
        unit = self.exporter.unit
        shown = ctx.run(
            ("systemctl", "show", unit, "-p", "ActiveState", "-p", "NRestarts"),
            reads=True,
            check=False,
        )
        if "ActiveState=active" in shown.stdout and "NRestarts=0" in shown.stdout:
            return None
        words = ctx.run(
            ("journalctl", "-u", unit, "-n", "5", "-o", "cat", "--no-pager"),
            reads=True,
            check=False,
        )
        return UnitFailedError(unit=unit, tail=words.tail or seen)


def version_in(metrics: str, *, sentinel: str) -> str | None:
    """Return the version label of this metric, None where the metric is absent."""
    from prometheus_client.parser import text_string_to_metric_families

    lines = (line for line in metrics.splitlines() if line.startswith(sentinel + "{"))
    for family in text_string_to_metric_families("\n".join(lines) + "\n"):
        for sample in family.samples:
            return sample.labels.get("version", "")
    return None
