"""Servers chosen by how an earlier run came out: `@failed`, and `@RUN` with a run's id."""

from __future__ import annotations

import re

from dcov.engine.record import LOOKS, Past, is_dead, key_of, past_run, past_runs
from dcov.errors import UnknownNameError
from dcov.inventory.site import Site
from dcov.report import Status

TERM = re.compile(r"(?P<before>(?:^|[:,])\s*[&!]?)@(?P<what>[\w-]+)")


def without_runs(pattern: str, *, site: Site) -> str:
    """Return a pattern with its `@failed` and `@RUN` replaced by the servers that they mean.

    They mean the servers that did not come out well, and whose turn did not come; `@failed` those
    of the last run of this site. Raises UnknownNameError where no run has that id, or no server
    of the site is left.
    """

    def servers(found: re.Match[str]) -> str:
        past = _last(site) if found["what"] == "failed" else past_run(found["what"])
        left = set(unfinished(past))
        chosen = [name for name in site.entries if name in left]
        if not chosen:
            raise UnknownNameError(
                kind="server",
                name=f"@{found['what']}",
                known=f"in run {past.run} every server of this site came out well",
            )
        return f"{found['before']}~(?:{'|'.join(map(re.escape, chosen))})$"

    return TERM.sub(servers, pattern)


def unfinished(past: Past) -> tuple[str, ...]:
    """Return the servers for which something is left to do, also of a run that was killed."""
    if past.report is not None:
        return past.failed
    servers: dict[str, bool] = {}
    for event in past.events():
        if event["kind"] == "run_started":
            servers = dict.fromkeys(event["servers"], False)
        if event["kind"] == "server_finished":
            servers[event["server"]] = Status(event["status"]).good
    return tuple(name for name, good in servers.items() if not good)


def _began(past: Past) -> int:
    """Return when the run began; its id tells it only to the second."""
    lock = past.folder / "lock"
    return lock.stat().st_mtime_ns if lock.exists() else 0


def _last(site: Site) -> Past:
    """Return the site's last run that is over and could change something."""
    for past in sorted(past_runs(), key=_began, reverse=True):
        if past.site != key_of(site):
            continue
        report = past.report
        if report is None and is_dead(past.run):
            return past
        if report is not None and not report["plan"] and report["task"] not in LOOKS:
            return past
    raise UnknownNameError(kind="run", name="@failed", known="nothing has run yet on this site")
