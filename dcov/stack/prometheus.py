"""The stack's own Prometheus: its files, and what it is to scrape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import yaml

from dcov.context import Context
from dcov.converge.resource import Resource
from dcov.inventory.entry import Role
from dcov.monitoring import FormerFiles, Reloaded, Target, rules, splice, target_files, targets
from dcov.resources import Directory, File
from dcov.ssh.scripts import remote
from dcov.stack.component import (
    COMPONENTS,
    GATE,
    GRAFANA,
    IPMI_MONITOR,
    PROMETHEUS,
    PROXY,
    RUNPOD,
    VASTAI,
)
from dcov.stack.inherited import (
    RULES,
    Inherited,
    inherit,
    older_files,
    shipped_records,
    text_of,
)
from dcov.stack.own_rules import PREFIX, own_rules
from dcov.stack.paths import HOME
from dcov.stack.stack import Stack

FOLDER = HOME / "prometheus"
CONFIG = FOLDER / "prometheus.yml"
INSIDE = "/etc/prometheus"  # the same folder as the container sees it
TARGETS = "targets"
CUSTOMER = "customer"  # where `prometheus.customer_config_dir` is mounted
PLACES: Mapping[str, tuple[str, str, int, Mapping[str, str]]] = {
    # component: job, address, port, labels by which Prometheus scrapes it in another way
    PROMETHEUS.name: ("prometheus", "localhost", 9090, {"__metrics_path__": "/prometheus/metrics"}),
    GRAFANA.name: ("grafana", GRAFANA.name, GRAFANA.port, {"__metrics_path__": "/grafana/metrics"}),
    PROXY.name: (PROXY.name, PROXY.name, GATE.port, {}),  # when its certificate ends
    IPMI_MONITOR.name: (
        "ipmi-monitor",
        *(PROXY.name, GATE.port),
        {"__metrics_path__": "/ipmi-monitor/metrics"},
    ),
    VASTAI.name: ("vastai", VASTAI.name, VASTAI.port, {}),
    RUNPOD.name: ("runpod", RUNPOD.name, RUNPOD.port, {}),
}


def url(stack: Stack) -> str:
    """Return where it answers, as seen from the master."""
    return f"http://127.0.0.1:{stack.settings.prometheus.port}/prometheus"


def reloaded(stack: Stack) -> Reloaded:
    """Return the Prometheus that has read its configuration and rules."""
    return Reloaded(
        url=url(stack), config=CONFIG, rules=(FOLDER / RULES,), container=PROMETHEUS.name
    )


def existing(ctx: Context, stack: Stack) -> Inherited | None:
    """Return what is on the master of the operator's configuration, None where there is none.

    Once dcov's Prometheus has run that is the whole of its prometheus.yml. Raises ConfigError for
    one that is not UTF-8.
    """
    older = stack.adopted(PROMETHEUS)
    if older is None:
        kept = text_of(ctx, CONFIG)
        return None if kept is None else Inherited(text=kept)
    text, found = older_files(ctx, older)
    if not text:
        return None
    records = shipped_records(stack.templates)
    return inherit(text, site=stack.site, rules=found, records=records, file=str(CONFIG))


def stack_targets(stack: Stack) -> tuple[Target, ...]:
    """Return every target of the site: the servers' exporters and the master's own services.

    The master's exporters are scraped at its address on the shared network, where no outsider is.
    """
    return (*server_targets(stack), *_own_targets(stack))


def server_targets(stack: Stack) -> tuple[Target, ...]:
    """Return the targets that are exporters of servers."""
    site = stack.site
    master = site.master
    whole = replace(site, entries={**site.entries, master.name: master})
    return targets(whole, master=stack.gateway)


def _own_targets(stack: Stack) -> list[Target]:
    """Return the master's own services; of somebody else's proxy dcov knows no metrics."""
    site, master = stack.site, stack.site.master
    return [
        Target(
            job=job,
            instance=master.name,
            # With somebody else's proxy, what dcov has in its place answers Prometheus.
            address=GATE.name if stack.family and address == PROXY.name else address,
            port=port,
            labels={**more, "site": site.name, "role": Role.MASTER.value},
        )
        for component in COMPONENTS
        if component.on(stack.settings) and component.name in PLACES
        if not (stack.family and component is PROXY)
        for job, address, port, more in (PLACES[component.name],)
    ]


def files(stack: Stack, *, existing: Inherited | None) -> tuple[Resource, ...]:
    """Return what it reads: its configuration, rules and targets.

    `existing` is what is there: of its prometheus.yml all but what stands between dcov's two marker
    lines is kept, and its rules. Raises ConfigError for what is no configuration.
    """
    if existing is not None:
        config = existing.text
    else:
        values = {"site": stack.site.name}
        config = stack.templates.render("stack/prometheus.yml.j2", values)
    own, settings = own_rules(stack.site), stack.settings.prometheus
    adopted = existing.rules if existing else {}
    jobs = stack.templates.render(
        "prometheus/scrape.yml.j2",
        {"targets": f"{INSIDE}/{TARGETS}", "extra": _extra(stack)},
    )
    return (
        Directory(path=FOLDER),
        Directory(path=FOLDER / RULES),
        # Read-only mounts get no place for another one made within them.
        *((Directory(path=FOLDER / CUSTOMER),) if settings.customer_config_dir else ()),
        *(
            File(path=FOLDER / RULES / name, content=text)
            for name, text in {**rules(stack.templates), **adopted, **own}.items()
        ),
        FormerFiles(folder=FOLDER / RULES, pattern=f"{PREFIX}*", kept=tuple(own)),
        *target_files(stack_targets(stack), folder=FOLDER / TARGETS),
        File(
            path=CONFIG,
            content=splice(config, jobs=jobs, file=str(CONFIG)),
            validate=_promtool(stack),
            checker="promtool check config",
        ),
    )


def _promtool(stack: Stack) -> tuple[str, ...]:
    image = stack.image(PROMETHEUS)
    customer = stack.settings.prometheus.customer_config_dir or ""
    return ("sh", "-c", remote("promtool.sh"), "sh", image, str(FOLDER), customer)


def _extra(stack: Stack) -> list[str]:
    """Return the operator's own jobs, each as an item of the list."""
    return [
        yaml.safe_dump([_plain(job)], sort_keys=False, width=1000).rstrip()
        for job in stack.settings.prometheus.extra_scrape_configs
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
