"""The services that a master can have."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from dcov.config.settings import Settings

On = Callable[[Settings], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One container of the stack, which is called as its component; `on` reads the configuration.

    `volume` keeps what must outlive the container. `image_of` names the component whose image it
    runs, where that is another one.
    """

    name: str
    port: int
    on: On = field(repr=False)
    volume: str = ""
    image_of: str = ""

    def image(self, settings: Settings) -> str:
        """Return the name of its image: the site's own, or the one that dcov pins."""
        name = self.image_of or self.name
        return settings.images.get(name) or pinned_images()[name]

    def volume_of(self, settings: Settings) -> str:
        """Return the volume with its data: one that was there before dcov, or its own."""
        return settings.volumes.get(self.name) or self.volume


@cache
def pinned_images() -> dict[str, str]:
    """Return the images that dcov pins, by component."""
    text = files("dcov.stack").joinpath("images.toml").read_text(encoding="utf-8")
    return {str(name): str(image) for name, image in tomllib.loads(text).items()}


def _core(settings: Settings) -> bool:
    return settings.components.dc_overview


def _ipmi(settings: Settings) -> bool:
    own, chosen = settings.ipmi_monitor.enabled, settings.components.ipmi_monitor
    return bool(chosen if own is None else own)


def _vast(settings: Settings) -> bool:
    vast = settings.vast
    chosen = settings.components.vast_exporter if vast.enabled is None else vast.enabled
    return bool(vast.api_keys or vast.api_key) if chosen is None else chosen


def _runpod(settings: Settings) -> bool:
    runpod = settings.runpod
    chosen = settings.components.runpod_exporter if runpod.enabled is None else runpod.enabled
    return bool(runpod.api_keys) if chosen is None else chosen


PROMETHEUS = Component(name="prometheus", port=9090, on=_core, volume="prometheus-data")
GRAFANA = Component(name="grafana", port=3000, on=_core, volume="grafana-data")
PROXY = Component(name="cryptolabs-proxy", port=443, on=_core)
IPMI_MONITOR = Component(name="ipmi-monitor", port=5000, on=_ipmi, volume="ipmi-monitor-data")
VASTAI = Component(name="vastai-exporter", port=8622, on=_vast, volume="vastai-exporter-data")
RUNPOD = Component(name="runpod-exporter", port=8623, on=_runpod, volume="runpod-exporter-data")
# nginx between a proxy of the family, which is not ours, and the private networks.
GATE = Component(name="dcov-gate", port=8079, on=_core, image_of=PROXY.name)
COMPONENTS = (PROMETHEUS, GRAFANA, PROXY, IPMI_MONITOR, VASTAI, RUNPOD)
MAY_BE_OTHERS = (PROXY, IPMI_MONITOR)  # used as they are where somebody else runs them


def components_of(settings: Settings, *, here: Collection[str]) -> tuple[Component, ...]:
    """Return the components that a site wants on a master on which these containers are.

    The gate is one of them where it is there: that depends on whose proxy is used.
    """
    gate = (GATE,) if GATE.name in here else ()
    return tuple(item for item in (*COMPONENTS, *gate) if item.on(settings))
