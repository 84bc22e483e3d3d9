"""From the options of a command to the fleet that it is about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dcov.cli.options import How
from dcov.cli.progress import following
from dcov.discovery import replacing_tasks
from dcov.fleet import Fleet


def chosen(how: How) -> Fleet:
    """Return the servers that are meant, to be run on as the options and the site's tasks say."""
    fleet = Fleet.load(how.config).using(**how.engine_options)
    fleet = fleet.replacing(*replacing_tasks(fleet.site.folder))
    return fleet.where(how.limit) if how.limit else fleet


@contextmanager
def opened(how: How) -> Iterator[Fleet]:
    """Give the servers that are meant; what happens on them is shown meanwhile."""
    fleet = chosen(how)
    with following(how.events) as listeners:
        yield fleet.using(listeners=listeners)
