"""Give the stack's Grafana its dashboards."""

from __future__ import annotations

from dcov import Context, task
from dcov.monitoring import dashboards
from dcov.stack import GRAFANA, Blueprint, Stack, Survey, check_site, grafana, recorded


@task(on="master", prepare=Blueprint.complete)
def import_dashboards(ctx: Context) -> None:
    """Put dcov's dashboards before the Grafana on the master, and make one of them its home.

    They are files that Grafana reads; a file that dcov no longer ships is removed. Grafana must
    say by its API within 30 s that it has them and the data source, otherwise the former files
    are put back. The operator's own dashboards (`grafana.customer_dashboard_dir`) are read by
    Grafana beside them.
    """
    blueprint: Blueprint = ctx.prepared
    settings = blueprint.site.settings
    if not GRAFANA.on(settings):
        ctx.skip("components.dc_overview is off: there is no Grafana of dcov's")
    survey = Survey.settled(ctx)
    check_site(ctx, seen=survey.site)
    Stack(site=blueprint.site, survey=survey, templates=blueprint.templates).require(GRAFANA)
    shipped = dashboards()
    present = tuple(ctx.run(grafana.listing(), reads=True, check=False).stdout.split())
    files = grafana.board_files(shipped, settings=settings, present=present)
    ctx.ensure(*recorded(*files))
    client = grafana.ask_grafana(
        ctx, url=grafana.url(settings), password=grafana.password(blueprint.site, ctx=ctx)
    )
    wanted = grafana.boards(shipped, settings=settings)
    source = grafana.data_source(settings, url=grafana.PROMETHEUS_URL, is_default=True)
    home = settings.grafana.home_dashboard
    ctx.verify(grafana.Imported(grafana=client, boards=wanted, source=source, home=home), within=30)
    ctx.ensure_api(grafana.GrafanaHome(grafana=client, uid=home))
