"""`dcov open`: Grafana or Prometheus in the browser, with no port of them open to anybody."""

from __future__ import annotations

import sys
import webbrowser
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dcov.cli.form import write
from dcov.cli.progress import say
from dcov.cli.remember import config_option

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class Page(StrEnum):
    """What can be opened."""

    GRAFANA = "grafana"
    PROMETHEUS = "prometheus"


@app.command("open")
def open_(
    page: Annotated[Page, typer.Argument(metavar="PAGE", help="grafana or prometheus.")],
    *,
    config: Annotated[Path | None, config_option()] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open it; else only print the URL.")
    ] = True,
) -> None:
    """Open a page of the master through a tunnel, until Ctrl-C.

    Grafana asks for its own login there: the user is admin, and the password stands as
    grafana_password in .secrets.yaml.
    """
    from dcov.fleet import Fleet

    fleet = Fleet.load(config)
    settings = fleet.site.settings
    port = settings.grafana.port if page is Page.GRAFANA else settings.prometheus.port
    with fleet.forward(port) as tunnel:
        url = f"http://127.0.0.1:{tunnel.port}/{page}/"
        write(url)
        sys.stdout.flush()  # a script reads it and goes on
        say("Ctrl-C ends it")
        if browser:
            webbrowser.open(url)
        tunnel.wait()
