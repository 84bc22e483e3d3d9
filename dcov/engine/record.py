"""What a run leaves behind on the controller: events, the report, the diffs."""

from __future__ import annotations

import fcntl
import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO, Any
from urllib.parse import quote, unquote

from platformdirs import user_state_path

from dcov.errors import ConfigError, UnknownNameError
from dcov.events import Event
from dcov.home import own_folder
from dcov.inventory.site import Site
from dcov.report import Report, Status

logger = logging.getLogger("dcov")

# Runs that only look: nobody means them by "the last run". Of their records, which have the file
# LOOK, the last are kept: a site that is looked at every minute must not fill the disk.
LOOKS = frozenset({"ask-facts", "health"})
LOOK, KEPT = "look", 5


def runs_folder() -> Path:
    """Return where the records lie: `$XDG_STATE_HOME/dcov/runs`."""
    return own_folder(user_state_path) / "runs"


def key_of(site: Site) -> str:
    """Return what tells a site's runs from those of others: its path, or its name without one."""
    return site.name if site.path is None else str(site.path.resolve())


class Record:
    """The record of a run under way. Its lock is held until the run is over, or dies.

    A run goes on where its record can no longer be written: `fault` says why, after a warning.
    """

    def __init__(self, run: str, *, folder: Path | None = None) -> None:
        self.folder = (folder or runs_folder()) / run
        self.fault = ""
        self._mutex = Lock()
        try:
            self.folder.mkdir(parents=True, mode=0o700)
            self._lock = (self.folder / "lock").open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            self._events: IO[bytes] = (self.folder / "events.jsonl").open("wb")
        except OSError as error:
            message = f"no run is begun without its record: {error.strerror}; set XDG_STATE_HOME"
            raise ConfigError.about(message, file=self.folder) from error

    def event(self, event: Event) -> None:
        """Write one event down at once."""
        line = event.to_json().encode() + b"\n"
        with self._mutex, self._lasting():
            if not self._events.closed and not self.fault:
                self._events.write(line)
                self._events.flush()

    def close(self, report: Report) -> None:
        """Write the report and the diffs, and let go of the lock."""
        with self._mutex:
            with self._lasting():
                self._write(report)
            with self._lasting():
                self._events.close()
            self._lock.close()

    def _write(self, report: Report) -> None:
        text = json.dumps(report.to_dict(), indent=1, ensure_ascii=False)
        whole = self.folder / "report.json.new"  # half a report would be none
        whole.write_text(text + "\n", encoding="utf-8")
        whole.replace(self.folder / "report.json")
        diffs = self.folder / "diffs"
        for outcome in report.changed:
            diffs.mkdir(exist_ok=True)
            lines = [
                line
                for change in outcome.changes
                if change.needed
                for line in (f"{change.resource}: {change.action}", *change.diff)
            ]
            # A host of somebody's Nornir inventory may have a slash in its name.
            file = diffs / f"{quote(outcome.server, safe=' ')}.diff"
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        if report.task in LOOKS:
            (self.folder / LOOK).touch()
            _forget(self.folder.parent)

    @contextmanager
    def _lasting(self) -> Iterator[None]:
        """Say once that the record is not whole: the servers were changed all the same."""
        try:
            yield
        except OSError as error:
            if not self.fault:
                self.fault = error.strerror or str(error)
                logger.warning("the record in %s is not whole: %s", self.folder, self.fault)


def _forget(folder: Path) -> None:
    """Remove the records of all but the last few looks."""
    for mark in sorted(folder.glob(f"*/{LOOK}"))[:-KEPT]:
        shutil.rmtree(mark.parent, ignore_errors=True)  # another process may be at it, too


def is_dead(run: str, *, folder: Path | None = None) -> bool:
    """Whether this run was started here by us and is over, by its end or by its death."""
    lock = (folder or runs_folder()) / run / "lock"
    if not lock.exists():
        return False
    with lock.open("r") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A run as its record tells it."""

    run: str
    folder: Path

    @property
    def site(self) -> str:
        """The key of the site that it was for; empty where the record does not say."""
        try:
            return str(next(self.events(), {}).get("site", ""))
        except FileNotFoundError:  # only just begun
            return ""

    @property
    def report(self) -> dict[str, Any] | None:
        """The report; None where the run died or is under way."""
        try:
            text = (self.folder / "report.json").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        report: dict[str, Any] = json.loads(text)
        return report

    @property
    def failed(self) -> tuple[str, ...]:
        """The servers that did not come out well."""
        servers = (self.report or {}).get("servers", [])
        return tuple(item["server"] for item in servers if not Status(item["status"]).good)

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield the events in order, but for a last one that a full disk has cut."""
        with (self.folder / "events.jsonl").open(encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.endswith("\n"):
                    yield json.loads(line)

    def diffs(self) -> Iterator[tuple[str, str]]:
        """Yield each server that was changed, and its changes line by line."""
        for file in sorted((self.folder / "diffs").glob("*.diff")):
            yield unquote(file.stem), file.read_text(encoding="utf-8").rstrip()


def past_runs(*, folder: Path | None = None) -> list[Past]:
    """Return all records, newest first."""
    top = folder or runs_folder()
    found = sorted((path for path in top.glob("*") if path.is_dir()), reverse=True)
    return [Past(run=path.name, folder=path) for path in found]


def past_run(run: str, *, folder: Path | None = None) -> Past:
    """Return one record by its id or the beginning of it; raises UnknownNameError."""
    known = past_runs(folder=folder)
    for past in known:
        if past.run.startswith(run):
            return past
    near = tuple(past.run for past in known[:3])
    where = "`dcov runs list` lists them"
    raise UnknownNameError(kind="run", name=run, nearest=near, known=where)
