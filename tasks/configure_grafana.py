"""Give any Grafana what the fleet's dashboards need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dcov import Context, Preparing, Secret, task
from dcov.monitoring import dashboards
from dcov.stack import grafana


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The dashboards, the contact points, and the password of Grafana's admin."""

    boards: tuple[grafana.Dashboard, ...]
    points: tuple[grafana.ContactPoint, ...]
    password: Secret


def prepare(preparing: Preparing, *, contact_points: str = "", **_: Any) -> Prepared:
    """Read what does not depend on the server."""
    site = preparing.fleet
    points: tuple[grafana.ContactPoint, ...] = ()
    if contact_points:
        points = grafana.read_contact_points(site.folder / contact_points)
        preparing.hide(grafana.secrets_of(points))
    return Prepared(
        boards=grafana.boards(dashboards(), settings=site.settings),
        points=points,
        password=grafana.admin_password(site),
    )


@task(on="master", prepare=prepare)
def configure_grafana(
    ctx: Context,
    *,
    url: str = "",
    user: str = "admin",
    prometheus: str = "",
    contact_points: str = "",
    home: bool = False,
) -> None:
    """Give a Grafana the data source, the dashboards and the contact points of this site.

    By its API alone, so it need not be one that dcov deployed. A dashboard that somebody changed
    there is left as it is, and named, unless `grafana.overwrite_product_dashboards` is set. When a
    call fails, what was changed before is put back.

    Parameters:
        url: Its URL: http:// as seen from the master, https:// as seen from here; the site's own.
        user: An admin of it, whose password is `grafana_password` in .secrets.yaml.
        prometheus: The URL of the fleet's Prometheus, as that Grafana sees it. Where it is
            missing, Grafana must have a data source of the right uid.
        contact_points: A file in Grafana's own form, beside fleet-config.yaml.
        home: Whether to make `grafana.home_dashboard` the first dashboard of the organisation.
    """
    prepared: Prepared = ctx.prepared
    settings = ctx.fleet.settings
    client = grafana.ask_grafana(
        ctx, url=url or grafana.url(settings), user=user, password=prepared.password
    )
    source = grafana.data_source(settings, url=prometheus)
    if not prometheus:
        grafana.require_data_source(client, uid=source.uid, planning=ctx.planning)
    overwrite = settings.grafana.overwrite_product_dashboards
    boards = [
        grafana.GrafanaDashboard(grafana=client, wanted=board, overwrite=overwrite)
        for board in prepared.boards
    ]
    left = [said for board in boards if (said := board.left())]
    ctx.ensure_api(
        *([grafana.GrafanaDataSource(grafana=client, wanted=source)] if prometheus else []),
        grafana.GrafanaFolder(grafana=client, wanted=grafana.FOLDER),
        *boards,
        *(grafana.GrafanaContactPoint(grafana=client, wanted=item) for item in prepared.points),
        *(
            [grafana.GrafanaHome(grafana=client, uid=settings.grafana.home_dashboard)]
            if home
            else []
        ),
    )
    if prometheus:
        ctx.verify(grafana.Answering(grafana=client, uid=source.uid), within=15)
    for said in left:
        ctx.note(said)
