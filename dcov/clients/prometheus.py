"""Prometheus' HTTP API, as far as dcov asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dcov.clients.closing import Closing
from dcov.clients.moment import moment
from dcov.errors import PrometheusError

if TYPE_CHECKING:
    import requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One series of an instant query, with its value."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveTarget:
    """A target as Prometheus sees it; `scraped_at` is None before its first scrape."""

    job: str
    instance: str
    url: str
    health: str
    error: str
    scraped_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleGroup:
    """A group of rules that is loaded; `error` is what the first one says that cannot be evaluated.

    `file` is its path as Prometheus sees it.
    """

    name: str
    file: str
    rules: int
    error: str = ""


class Prometheus(Closing):
    """A Prometheus server at a URL, `/prometheus` and the like included."""

    def __init__(
        self, http: requests.Session, *, url: str, on_close: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(http.close, on_close)
        self._http = http
        self._url = url.rstrip("/")

    def query(self, expression: str) -> list[Sample]:
        """Return the series of an instant query; raises PrometheusError in its own words."""
        data = self._get("query", query=expression)
        return [
            Sample(labels=dict(item["metric"]), value=float(item["value"][1]))
            for item in data["result"]
        ]

    def targets(self) -> Iterator[ActiveTarget]:
        """Yield the active targets."""
        for item in self._get("targets", state="active")["activeTargets"]:
            yield ActiveTarget(
                job=item["labels"].get("job", ""),
                instance=item["labels"].get("instance", ""),
                url=item["scrapeUrl"],
                health=item["health"],
                error=item["lastError"],
                scraped_at=moment(item["lastScrape"]),
            )

    def rule_groups(self) -> Iterator[RuleGroup]:
        """Yield the groups of rules that are loaded."""
        for item in self._get("rules")["groups"]:
            failed = [rule for rule in item["rules"] if rule.get("health") == "err"]
            error = f"{failed[0]['name']}: {failed[0].get('lastError', '')}" if failed else ""
            yield RuleGroup(
                name=item["name"], file=item["file"], rules=len(item["rules"]), error=error
            )

    def version(self) -> str:
        """Return the server's version."""
        version: str = self._get("status/buildinfo")["version"]
        return version

    def took_configuration(self) -> bool:
        """Whether it took the configuration that it last read; else it goes on with a former."""
        took: bool = self._get("status/runtimeinfo")["reloadConfigSuccess"]
        return took

    def _get(self, path: str, **params: str) -> Any:
        import requests

        try:
            answer = self._http.get(f"{self._url}/api/v1/{path}", params=params, timeout=15)
            body = answer.json()
        except (requests.RequestException, OSError, ValueError) as error:
            raise PrometheusError(url=self._url, detail=str(error)) from error
        if body.get("status") != "success":
            raise PrometheusError(url=self._url, detail=str(body.get("error", answer.status_code)))
        return body["data"]
