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

    With one of the `idle` values the existing product does nothing either.
    """

    path: tuple[str, ...]
    reason: str
    idle: tuple[object, ...] = ()


FOUND_OUT = "dcov asks the server itself, each time"
NO_PRICES = "dcov sets no prices on marketplaces"
NO_WATCHDOG = "dcov deploys no watchdog agents"
PINNED = "dcov pins its images in one list; `images` overrides them"

KNOWN = (
    KnownKey(
        path=("config_dir",),
        reason="on the master dcov keeps everything in /etc/dc-overview",
        idle=("/etc/dc-overview",),
    ),
    KnownKey(
        path=("data_dir",),
        reason="dcov keeps data in named volumes",
        idle=("/var/lib/dc-overview",),
    ),
    KnownKey(path=("image_tag",), reason=PINNED, idle=("latest",)),
    KnownKey(path=("release_selection",), reason=PINNED, idle=({},)),
    KnownKey(
        path=("enable_watchtower_all",),
        reason="nothing updates containers behind dcov's back",
        idle=(False,),
    ),
    KnownKey(path=("auto_confirm",), reason="`--yes` confirms, for one command", idle=(False,)),
    KnownKey(path=("ssh_key_generated",), reason="dcov looks whether the key is there"),
    KnownKey(path=("components", "dc_watchdog"), reason=NO_WATCHDOG, idle=(False,)),
    KnownKey(path=("components", "vast_price_manager"), reason=NO_PRICES, idle=(False,)),
    KnownKey(
        path=("components", "worker_exporters"),
        reason="`dcov run install-exporters` installs them, whatever stands here",
        idle=(False, True),
    ),
    KnownKey(path=("watchdog",), reason=NO_WATCHDOG),
    KnownKey(path=("vast_price_manager",), reason=NO_PRICES),
    KnownKey(
        path=("security",),
        reason="dcov manages no firewall: no port is opened or closed by it",
        idle=({"ufw_enabled": False},),
    ),
    KnownKey(
        path=("prometheus", "legacy_managed_jobs"),
        reason="dcov writes prometheus.yml whole, and removes no job of others",
        idle=([],),
    ),
    KnownKey(path=("servers", "exporters_installed"), reason=FOUND_OUT, idle=(False,)),
    KnownKey(path=("servers", "ipmi_configured"), reason=FOUND_OUT, idle=(False,)),
    KnownKey(path=("master", "exporters_installed"), reason=FOUND_OUT, idle=(False,)),
    KnownKey(path=("master", "ipmi_configured"), reason=FOUND_OUT, idle=(False,)),
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
