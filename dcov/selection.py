"""Servers chosen by how an earlier run came out: `@failed`, and `@RUN` with a run's id."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dcov.engine.record import Past, is_dead, past_run, past_runs
from dcov.errors import UnknownNameError
from dcov.report import Status

TERM = re.compile(r"(?P<before>(?:^|[:,])\s*[&!]?)@(?P<what>[\w-]+)")
LOOKS = frozenset({"ask-facts"})  # runs that only look: nobody means them by "the last run"


def without_runs(pattern: str, *, names: Iterable[str]) -> str:
    """Return a pattern with its `@failed` and `@RUN` replaced by the servers that they mean.

    They mean the servers that did not come out well, and whose turn did not come. Raises
    UnknownNameError where no run has that id, or none of `names` is left.
    """
    known = tuple(names)

    def servers(found: re.Match[str]) -> str:
        past = _last() if found["what"] == "failed" else past_run(found["what"])
        chosen = [name for name in known if name in set(unfinished(past))]
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


def _last() -> Past:
    """Return the last run that is over and could change something."""
    for past in sorted(past_runs(), key=_began, reverse=True):
        report = past.report
        if report is None and is_dead(past.run):
            return past
        if report is not None and not report["plan"] and report["task"] not in LOOKS:
            return past
    raise UnknownNameError(kind="run", name="@failed", known="nothing has run yet")
