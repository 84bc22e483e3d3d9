"""Whether Grafana answers, asks Prometheus, and has the dashboards."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dcov.clients.grafana import Grafana
from dcov.context import Context
from dcov.errors import GrafanaError
from dcov.monitoring import dashboards
from dcov.stack import grafana
from dcov.stack.health.verdict import Layer, Level, Verdict
from dcov.stack.stack import Stack

IMPORT = "`dcov run import-dashboards` brings them back"


def of_grafana(ctx: Context, *, stack: Stack) -> Iterator[Verdict]:
    """Yield what Grafana says of itself, its data source and its dashboards."""
    settings = stack.settings
    client = grafana.ask_grafana(
        ctx, url=grafana.url(settings), password=grafana.password(stack.site, ctx=ctx)
    )
    source = grafana.data_source(settings, url=grafana.PROMETHEUS_URL)
    with client:
        answers = _asked("api", client.version, server=ctx.name)
        yield answers
        if answers.level is Level.BAD:
            return
        if settings.grafana.admin_password is None:
            yield Verdict(
                layer=Layer.GRAFANA,
                subject="login",
                level=Level.WARN,
                why="no grafana_password is known here, so nothing else was asked",
                hint="it stands in the .secrets.yaml with which the site was deployed",
                server=ctx.name,
            )
            return
        login = _asked("login", lambda: f"logs in as {client.login()}", server=ctx.name)
        yield login
        if login.level is Level.BAD:
            return
        yield _asked(
            f"data source {source.uid}",
            lambda: _source(client, uid=source.uid),
            server=ctx.name,
        )
        yield from _boards(client, stack=stack, server=ctx.name)


def _asked(subject: str, ask: Callable[[], str], *, server: str) -> Verdict:
    try:
        why, level, hint = ask(), Level.OK, ""
    except GrafanaError as error:
        why, level, hint = error.why, Level.BAD, error.remedy
    return Verdict(
        layer=Layer.GRAFANA, subject=subject, level=level, why=why, hint=hint, server=server
    )


def _source(client: Grafana, *, uid: str) -> str:
    client.check_data_source(uid)
    return "Prometheus answers"


def _boards(client: Grafana, *, stack: Stack, server: str) -> Iterator[Verdict]:
    for board in grafana.boards(dashboards(), settings=stack.settings):
        level, why, hint = Level.OK, "", ""
        try:
            found = client.dashboard(board.uid)
        except GrafanaError as error:
            level, why, hint = Level.BAD, error.why, error.remedy
        else:
            if found is None:
                level, why, hint = Level.BAD, "is not there", IMPORT
            elif found.model != board.model:
                level, why, hint = Level.WARN, "is another version than dcov ships", IMPORT
        yield Verdict(
            layer=Layer.GRAFANA,
            subject=f"dashboard {board.uid}",
            level=level,
            why=why,
            hint=hint,
            server=server,
        )
