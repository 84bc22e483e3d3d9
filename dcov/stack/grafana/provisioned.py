"""The files that the stack's Grafana reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import yaml

from dcov.clients.grafana import DataSource
from dcov.config.settings import Settings
from dcov.context import Context
from dcov.converge.resource import Resource
from dcov.rendering import Templates
from dcov.resources import AbsentFile, Directory, File, SecretFile
from dcov.ssh.command import Argv
from dcov.stack.component import GRAFANA
from dcov.stack.grafana.asked import NOT_YET
from dcov.stack.grafana.boards import FOLDER, adapted, data_source
from dcov.stack.paths import HOME

if TYPE_CHECKING:
    from dcov.stack.stack import Stack

PLACE = HOME / "grafana"
SECRETS = HOME / "secrets" / "grafana"
PROMETHEUS_URL = "http://prometheus:9090/prometheus/"  # as the container sees it
BOARDS_INSIDE = "/etc/grafana/dashboards"
CUSTOMER_INSIDE = "/etc/grafana/customer"


def provisioning(
    templates: Templates,
    *,
    site: str,
    source: DataSource,
    boards: str = BOARDS_INSIDE,
    customer: str | None = None,
) -> Mapping[PurePosixPath, str]:
    """Return the files below Grafana's folder `provisioning`.

    `boards` and `customer` are the folders of dcov's dashboards and of the operator's, as
    Grafana sees them. A dollar sign is doubled: Grafana puts its environment into these files.
    """
    name = " ".join(site.split())
    values: Mapping[str, Mapping[str, Any]] = {
        "datasource": {"site": name, "source": source},
        "dashboards": {"site": name, "folder": FOLDER, "dashboards": boards, "customer": customer},
    }
    places = {"datasource": "datasources/dcov.yml", "dashboards": "dashboards/dcov.yml"}
    return {
        PurePosixPath(to): templates.render(f"grafana/{one}.yml.j2", values[one]).replace("$", "$$")
        for one, to in places.items()
    }


def url(settings: Settings) -> str:
    """Return where the stack's Grafana answers, as seen from the master."""
    return f"http://127.0.0.1:{settings.grafana.port}/grafana"


def files(stack: Stack) -> tuple[Resource, ...]:
    """Return its provisioning and the file with its admin's password.

    Only root's group can read that file, which the container's user is in.
    """
    settings = stack.settings
    password = settings.grafana.admin_password or NOT_YET  # only a plan may lack it
    texts = provisioning(
        stack.templates,
        site=stack.site.name,
        source=data_source(settings, url=PROMETHEUS_URL, is_default=True),
        customer=CUSTOMER_INSIDE if settings.grafana.customer_dashboard_dir else None,
    )
    folders = (PLACE, PLACE / "provisioning", PLACE / "dashboards")
    kinds = sorted({PLACE / "provisioning" / path.parent for path in texts})
    return (
        *(Directory(path=path) for path in (*folders, *kinds)),
        *(File(path=PLACE / "provisioning" / path, content=text) for path, text in texts.items()),
        Directory(path=SECRETS.parent, mode=0o700),
        Directory(path=SECRETS, mode=0o750),
        SecretFile(path=SECRETS / "admin_password", content=password, mode=0o640),
    )


def superseded(ctx: Context, stack: Stack) -> tuple[Resource, ...]:
    """Return what removes the data sources of an older product whose Grafana is adopted.

    They ask the same Prometheus under the same uid, and Grafana takes only one that is the default.
    A file with any other data source in it stays.
    """
    if stack.adopted(GRAFANA) is None:
        return ()
    folder = PLACE / "provisioning" / "datasources"
    words = ("find", str(folder), "-name", "*.y*ml", "!", "-name", "dcov.yml")
    found = ctx.run(words, reads=True, check=False).stdout.splitlines()
    own = data_source(stack.settings, url=PROMETHEUS_URL)
    return tuple(
        AbsentFile(path=PurePosixPath(name))
        for name in sorted(found)
        if _asks_for(own, text=ctx.read(name))
    )


def _asks_for(own: DataSource, *, text: str) -> bool:
    """Whether every data source of this file is one and the same as dcov's."""
    try:
        sources = (yaml.safe_load(text) or {}).get("datasources") or []
    except yaml.YAMLError:  # Grafana will say so
        return False
    return bool(sources) and all(
        item.get("type") == own.type
        and (item.get("uid") == own.uid or "//prometheus:" in str(item.get("url")))
        for item in sources
    )


def board_files(
    shipped: Mapping[str, str],
    *,
    settings: Settings,
    folder: PurePosixPath = PLACE / "dashboards",
    present: tuple[str, ...] = (),
) -> tuple[Resource, ...]:
    """Return the dashboards' files; one of these `present` that is shipped no longer goes."""
    wanted = adapted(shipped, settings=settings)
    return (
        Directory(path=folder.parent),
        Directory(path=folder),
        *(File(path=folder / name, content=text) for name, text in sorted(wanted.items())),
        *(AbsentFile(path=folder / name) for name in present if name not in wanted),
    )


def listing(folder: PurePosixPath = PLACE / "dashboards") -> Argv:
    """Return the command that lists the dashboards' files that are there."""
    return ("find", str(folder), "-maxdepth", "1", "-name", "*.json", "-printf", "%f\\n")
