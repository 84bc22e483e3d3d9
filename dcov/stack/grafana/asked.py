"""What a Grafana says from where the task runs, and whether that is what it should."""

from __future__ import annotations

from dataclasses import dataclass

from dcov.clients.grafana import Dashboard, DataSource, Grafana, admin_password
from dcov.context import Context
from dcov.errors import ConfigError, DcovError, GrafanaError, GrafanaSilentError
from dcov.inventory.site import Site
from dcov.secret import Secret

NOT_YET = Secret("made up when it is applied")


def ask_grafana(ctx: Context, *, url: str, password: Secret, user: str = "admin") -> Grafana:
    """Return a client for a Grafana as the server of the task sees it."""
    from dcov.clients.tunnel import tunnelled

    return Grafana(tunnelled(ctx.open_port), url=url, user=user, password=password)


def password(site: Site, *, ctx: Context) -> Secret:
    """Return the admin's password; in a plan one that is still to be made up may be missing."""
    if ctx.planning and site.settings.grafana.admin_password is None:
        return NOT_YET
    return admin_password(site)


def require_data_source(grafana: Grafana, *, uid: str, planning: bool) -> None:
    """Raise ConfigError unless Grafana has this data source.

    In a plan it may not answer yet.
    """
    try:
        found = grafana.data_source(uid)
    except GrafanaSilentError:
        if planning:
            return
        raise
    if found is None:
        message = (
            f"Grafana at {grafana.url} has no data source of the uid {uid}; name the one that asks "
            "the fleet's Prometheus, or have one made: `--prometheus URL`"
        )
        key = "grafana.prometheus_datasource_uid"
        raise ConfigError.about(message, key=key)


@dataclass(frozen=True, kw_only=True)
class Imported:
    """Grafana has these dashboards and this data source as the files have them, and the `home`.

    Where it has not, each look has it read the files anew: a run that was killed before it could
    say so leaves nothing behind.
    """

    grafana: Grafana
    boards: tuple[Dashboard, ...]
    source: DataSource
    home: str

    @property
    def name(self) -> str:
        """What is checked."""
        return "Grafana does not have all of the dashboards"

    def look(self, ctx: Context) -> str:
        """Ask for each of them."""
        del ctx
        try:
            missing = self._missing()
            if missing:
                self.grafana.reload("datasources")
                self.grafana.reload("dashboards")
                missing = self._missing()
        except GrafanaError as error:
            return error.why
        return "missing, or not as in the file: " + ", ".join(missing) if missing else ""

    def diagnose(self, ctx: Context, *, seen: str) -> DcovError | None:
        """Add nothing: `seen` names them."""
        del ctx, seen
        return None

    def _missing(self) -> list[str]:
        found = {board.uid: self.grafana.dashboard(board.uid) for board in self.boards}
        missing = [
            board.uid
            for board in self.boards
            if (seen := found[board.uid]) is None or seen.model != board.model
        ]
        there = self.grafana.data_source(self.source.uid)
        if there is None or there.url != self.source.url:
            missing.append(f"data source {self.source.uid}")
        if self.home not in found and self.grafana.dashboard(self.home) is None:
            missing.append(f"{self.home} (grafana.home_dashboard)")
        return missing


@dataclass(frozen=True, kw_only=True)
class Answering:
    """The data source of this uid answers Grafana."""

    grafana: Grafana
    uid: str

    @property
    def name(self) -> str:
        """What is checked."""
        return f"the data source {self.uid} does not answer Grafana"

    def look(self, ctx: Context) -> str:
        """Have Grafana ask it once."""
        del ctx
        try:
            self.grafana.check_data_source(self.uid)
        except GrafanaError as error:
            return error.why
        return ""

    def diagnose(self, ctx: Context, *, seen: str) -> DcovError | None:
        """Add nothing: `seen` is Grafana's own word."""
        del ctx, seen
        return None
