"""Keys of the existing product that dcov accepts and does not act on, each with the reason.

An operator must not believe in a firewall that nobody manages: `config check` names every one of
them that is set.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dcov.config.document import Loc


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKey:
    """A key, or a whole section, that has no effect here; `servers` stands for every item.

    `instead` is what to do to get what it did. With one of the `idle` values the existing product
    does nothing either.
    """

    path: tuple[str, ...]
    reason: str
    instead: str
    idle: tuple[object, ...] = ()


FOUND_OUT = "dcov asks the server itself, each time"
NO_PRICES = "dcov sets no prices on marketplaces"
NO_WATCHDOG = "dcov deploys no watchdog agents"
PINNED = "dcov pins its images in one list"
UNPUBLISHED = "it answers on the containers' own networks only, always at its image's port"

SET_PRICES = "set them in the marketplace's own console; dcov shows the revenue"
USE_ALERTS = "alert on `up == 0` in Prometheus: a silent exporter stays a target"
SET_IMAGES = "name other images under `images`, by component"
USE_PROXY = "leave it out; the proxy and Prometheus know the way"
LEAVE_OUT = "leave it out; `dcov servers check` shows what is there"

KNOWN = (
    KnownKey(
        path=("config_dir",),
        reason="on the master dcov keeps everything in /etc/dc-overview",
        instead="make /etc/dc-overview a link to the folder that you want",
        idle=("/etc/dc-overview",),
    ),
    KnownKey(
        path=("data_dir",),
        reason="dcov keeps data in named volumes",
        instead="move the container engine's own data folder",
        idle=("/var/lib/dc-overview",),
    ),
    KnownKey(path=("image_tag",), reason=PINNED, instead=SET_IMAGES, idle=("latest",)),
    KnownKey(path=("release_selection",), reason=PINNED, instead=SET_IMAGES, idle=({},)),
    KnownKey(
        path=("enable_watchtower_all",),
        reason="nothing updates containers behind dcov's back",
        instead="name the new image under `images`, and deploy again",
        idle=(False,),
    ),
    KnownKey(
        path=("auto_confirm",),
        reason="a file cannot confirm for all commands to come",
        instead="`--yes` confirms, for one command",
        idle=(False,),
    ),
    KnownKey(
        path=("ssh_key_generated",),
        reason="dcov looks whether the key is there",
        instead="leave it out; `dcov keys generate` makes the key",
    ),
    KnownKey(
        path=("components", "dc_watchdog"),
        reason=NO_WATCHDOG,
        instead=USE_ALERTS,
        idle=(False,),
    ),
    KnownKey(
        path=("components", "vast_price_manager"),
        reason=NO_PRICES,
        instead=SET_PRICES,
        idle=(False,),
    ),
    KnownKey(
        path=("components", "worker_exporters"),
        reason="exporters are installed whatever stands here",
        instead="`dcov run install-exporters` installs them; `exporters` says which",
        idle=(False, True),
    ),
    KnownKey(path=("watchdog",), reason=NO_WATCHDOG, instead=USE_ALERTS),
    KnownKey(path=("vast_price_manager",), reason=NO_PRICES, instead=SET_PRICES),
    KnownKey(
        path=("security",),
        reason="dcov manages no firewall: no port is opened or closed by it",
        instead="let SSH, 80 and 443 in by your own firewall; dcov publishes nothing else",
        idle=({"ufw_enabled": False},),
    ),
    KnownKey(
        path=("prometheus", "legacy_managed_jobs"),
        reason="dcov removes no scrape job but its own",
        instead="delete the job where it stands, and reload Prometheus",
        idle=([],),
    ),
    KnownKey(
        path=("grafana", "alert_receiver"),
        reason="dcov makes no alert rules yet, so nothing is sent to it",
        instead="`dcov run configure-grafana --contact-points FILE` makes contact points; "
        "name one in your own rules",
    ),
    *(
        KnownKey(path=(part, "port"), reason=UNPUBLISHED, instead=USE_PROXY, idle=(port,))
        for part, port in (("ipmi_monitor", 5000), ("vast", 8622), ("runpod", 8623))
    ),
    *(
        KnownKey(path=(part, key), reason=FOUND_OUT, instead=LEAVE_OUT, idle=(False,))
        for part in ("servers", "master")
        for key in ("exporters_installed", "ipmi_configured")
    ),
)
UNUSED_SECRETS = tuple(
    KnownKey(path=(key,), reason=NO_WATCHDOG, instead=USE_ALERTS)
    for key in ("watchdog_api_key", "cryptolabs_api_key")
)


def take(data: Any) -> list[tuple[Loc, KnownKey, Any]]:
    """Take the known keys out of the data; return where each stood, and its value."""
    taken: list[tuple[Loc, KnownKey, Any]] = []
    for known in KNOWN:
        for holder, loc in _holders(data, known.path):
            if known.path[-1] in holder:
                taken.append(((*loc, known.path[-1]), known, holder.pop(known.path[-1])))
    return taken


def _holders(data: Any, path: tuple[str, ...]) -> Iterator[tuple[dict[str, Any], Loc]]:
    if not isinstance(data, dict):
        return
    if len(path) == 1:
        yield data, ()
        return
    inner = data.get(path[0])
    items = enumerate(inner) if isinstance(inner, list) else ((None, inner),)
    for n, item in items:
        if isinstance(item, dict):
            yield item, (path[0],) if n is None else (path[0], n)
