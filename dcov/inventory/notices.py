"""What `config check` says of a site that can be used as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dcov.config.notice import Notice
from dcov.config.place import same_address
from dcov.inventory.site import Site


def notices(site: Site, *, ports: Mapping[str, int] | None = None) -> tuple[Notice, ...]:
    """Return what reading the site gave rise to, and which scrape targets are one and the same.

    `ports` are the exporters' own, by name; without them only declared ports can be compared.
    """
    return (*site.notices, *shared_targets(site, ports=ports or {}))


def shared_targets(site: Site, *, ports: Mapping[str, int]) -> Iterator[Notice]:
    """Find scrape targets of two servers at one address and port.

    One of the two would be read twice, and the other never.
    """
    first: dict[tuple[str, int], tuple[str, str]] = {}
    for entry in site.entries.values():
        for exporter, port in {**ports, **entry.exporter_ports}.items():
            place, mine = (same_address(entry.scrape_address), port), (entry.name, exporter)
            other, theirs = first.setdefault(place, mine)
            if entry.scrape_address and (other, theirs) != mine:
                yield Notice(
                    file=site.path,
                    line=1,
                    key=f"{entry.name}.exporter_ports",
                    message=f"{exporter} of {entry.name} and {theirs} of {other} are one target, "
                    f"{entry.scrape_address} port {port}; give each a port of its own",
                )
