"""The services of one site's master, and everything that they are made from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import yaml

from dcov.config.settings import Settings
from dcov.converge.resource import Resource
from dcov.errors import ContainerTakenError
from dcov.inventory.site import Site
from dcov.rendering import Templates
from dcov.resources import (
    AbsentPath,
    AbsentServices,
    Directory,
    File,
    Image,
    SecretFile,
    Services,
    SharedNetwork,
    compose_check,
)
from dcov.stack import ipmi_monitor, marketplaces
from dcov.stack.component import (
    COMPONENTS,
    GATE,
    GRAFANA,
    IPMI_MONITOR,
    PROMETHEUS,
    PROXY,
    RUNPOD,
    VASTAI,
    Component,
)
from dcov.stack.environment import environment_path
from dcov.stack.grafana.environment import grafana_environment
from dcov.stack.paths import COMPOSE_FILE, HOME, SECRETS
from dcov.stack.survey import SITE, Container, Survey

PROJECT = "dc-overview"
TEMPLATE = "stack/docker-compose.yml.j2"
SHARED = "cryptolabs"  # the family's network; its addresses are the existing product's
SHARED_SUBNET, SHARED_GATEWAY = "172.30.0.0/16", "172.30.0.1"
METRICS, IDENTITY = "dcov-metrics", "dcov-identity"
PRIVATE = {METRICS: "172.29.71.0/24", IDENTITY: "172.29.72.0/24"}
PROXY_ADDRESS = "172.29.72.10"  # the only one whose word Grafana takes for who is logged in


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What is to run on a master: the components that the site wants and no neighbour provides."""

    site: Site
    survey: Survey
    templates: Templates

    @property
    def settings(self) -> Settings:
        """The site's settings."""
        return self.site.settings

    @property
    def components(self) -> tuple[Component, ...]:
        """The components that dcov runs; one that a neighbour runs is not, unless it is adopted."""
        on = tuple(item for item in COMPONENTS if item.on(self.settings) and not self.taken(item))
        return (*on, GATE) if self.family else on

    def adopted(self, component: Component) -> Container | None:
        """Return the older product's container whose place dcov's takes, on the same data.

        The site names its volume, and it is a service of the compose project that dcov's are of.
        """
        found = self.survey.foreign(component.name)
        if found is None or found.project != PROJECT or component.name not in self.settings.volumes:
            return None
        return found

    def taken(self, component: Component) -> Container | None:
        """Return somebody else's container of this component's name, unless it is adopted."""
        return None if self.adopted(component) else self.survey.foreign(component.name)

    def require(self, *components: Component) -> None:
        """Raise ContainerTakenError where one of these has its name taken by somebody else's."""
        for item in components:
            if item.on(self.settings) and (found := self.taken(item)):
                raise ContainerTakenError(container=item.name, owner=found.owner)

    @property
    def withdrawn(self) -> tuple[Component, ...]:
        """The components whose containers dcov made here, and that are to run no more."""
        return tuple(
            item
            for item in (*COMPONENTS, GATE)
            if item not in self.components
            and (found := self.survey.containers.get(item.name)) is not None
            and found.ours
        )

    @property
    def family(self) -> Container | None:
        """The proxy of somebody else's that is used in place of dcov's own."""
        if not PROXY.on(self.settings) or self.settings.ssl.use_existing_proxy is False:
            return None
        return self.survey.foreign(PROXY.name)

    @property
    def domain(self) -> str:
        """The name under which people reach the master."""
        return self.settings.ssl.domain or self.site.master.scrape_address or "localhost"

    @property
    def root_url(self) -> str:
        """The address of the landing page, without a last slash."""
        port = self.settings.ssl.external_port
        host = f"[{self.domain}]" if ":" in self.domain else self.domain
        return f"https://{host}" + ("" if port == 443 else f":{port}")  # noqa: PLR2004  # https

    @property
    def gateway(self) -> str:
        """The master's own address on the shared network."""
        found = self.survey.networks.get(SHARED)
        return found.gateway if found and found.gateway else SHARED_GATEWAY

    def image(self, component: Component) -> str:
        """Return the name of a component's image."""
        return component.image(self.settings)

    def compose(self) -> str:
        """Return the compose file, in which every service says the digest of its definition."""
        return self.templates.render(TEMPLATE, {**self._values(), "digests": self.digests()})

    def digests(self) -> dict[str, str]:
        """Return a digest for each service over everything for which it must be made anew."""
        names = [item.name for item in self.components]
        blank = {**self._values(), "digests": dict.fromkeys(names, "")}
        defined = yaml.safe_load(self.templates.render(TEMPLATE, blank))["services"]
        private = self._private()
        return {name: _digest([defined[name], *_texts(private.get(name, ()))]) for name in names}

    def _private(self) -> dict[str, tuple[Resource, ...]]:
        """Return the files with passwords that a service reads when it starts."""
        files: dict[Component, Callable[[], tuple[Resource, ...]]] = {
            IPMI_MONITOR: lambda: ipmi_monitor.files(self.site),
            VASTAI: lambda: marketplaces.files(VASTAI, settings=self.settings),
            RUNPOD: lambda: marketplaces.files(RUNPOD, settings=self.settings),
        }
        return {item.name: make() for item, make in files.items() if item in self.components}

    def foundation(self) -> tuple[Resource, ...]:
        """Return the folders, the shared network and the compose file: what every service needs.

        Compose reads the whole file whichever service it is asked for, so the private files of all
        services belong to it; what it does not name any more goes before it is replaced. Raises
        ContainerTakenError where Prometheus or Grafana is somebody else's: the file may be theirs.
        """
        self.require(PROMETHEUS, GRAFANA)
        return (
            Directory(path=HOME),
            Directory(path=SECRETS, mode=0o700),
            *self.former(),
            *(item for files in self._private().values() for item in files),
            SharedNetwork(
                name=SHARED,
                subnet=SHARED_SUBNET,
                gateway=SHARED_GATEWAY,
                label=f"{SITE}={self.site.name}",
            ),
            File(
                path=COMPOSE_FILE,
                content=self.compose(),
                mode=0o600,
                validate=compose_check(),
                checker="compose config",
            ),
        )

    def former(self) -> Iterator[Resource]:
        """Yield what removes the components that are to run no more; their volumes stay."""
        withdrawn = self.withdrawn
        if withdrawn:
            names = tuple(item.name for item in withdrawn)
            yield AbsentServices(project=PROJECT, file=COMPOSE_FILE, names=names)
        if IPMI_MONITOR in withdrawn:  # otherwise the file may be a neighbour's
            yield AbsentPath(path=ipmi_monitor.SERVERS)
        for item in (IPMI_MONITOR, VASTAI, RUNPOD):
            if item not in self.components:
                yield AbsentPath(path=environment_path(item.name))

    def images(self, *components: Component) -> tuple[Resource, ...]:
        """Return the images of those of these that are to run."""
        return tuple(Image(name=self.image(item)) for item in self._running(components))

    def services(self, *components: Component) -> tuple[Resource, ...]:
        """Return what makes those of these run that are to."""
        digests = self.digests()
        chosen = {item.name: digests[item.name] for item in self._running(components)}
        if not chosen:
            return ()
        return (Services(project=PROJECT, file=COMPOSE_FILE, digests=chosen),)

    def _running(self, components: Iterable[Component]) -> list[Component]:
        return [item for item in components if item in self.components]

    def _values(self) -> dict[str, Any]:
        settings = self.settings
        return {
            "site": self.site.name.replace("$", "$$"),  # to compose a dollar sign is its own
            "folder": str(HOME),
            "services": [item.name for item in self.components],
            "images": {item.name: self.image(item) for item in (*COMPONENTS, GATE)},
            "root_url": self.root_url,
            "retention_days": settings.prometheus.retention_days,
            "prometheus_port": settings.prometheus.port,
            "grafana_port": settings.grafana.port,
            "customer_config_dir": settings.prometheus.customer_config_dir,
            "customer_dashboard_dir": settings.grafana.customer_dashboard_dir,
            "grafana_environment": dict(
                grafana_environment(root_url=self.root_url, trusted=PROXY_ADDRESS)
            ),
            "ipmi_monitor": settings.ipmi_monitor,
            "secrets": str(SECRETS),
            "marketplaces": {item.name: item.port for item in (VASTAI, RUNPOD)},
            "proxy_address": PROXY_ADDRESS,
            "private_networks": PRIVATE,
            "volumes": {
                item.name: {
                    "name": item.volume_of(settings),
                    "adopted": item.name in settings.volumes,
                }
                for item in self.components
                if item.volume
            },
        }


def _texts(files: Iterable[Resource]) -> list[str]:
    return [item.content.reveal() for item in files if isinstance(item, SecretFile)]


def _digest(parts: list[Any]) -> str:
    text = json.dumps(parts, sort_keys=True, default=str)
    return sha256(text.encode()).hexdigest()[:16]
