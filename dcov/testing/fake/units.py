"""The systemd units of a fake server."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from dcov.ssh.command import Finished
from dcov.ssh.scripts import remote
from dcov.testing.fake.disk import Disk
from dcov.testing.fake.part import DONE, said

FOLDER = "/etc/systemd/system"
NOT_ACTIVE = 3  # how `systemctl is-active` ends
NOT_LOADED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """Units with their states; what is in a file on the disk counts once it was loaded.

    `loaded` are the files as systemd read them, `runs` what is known of each start.
    """

    disk: Disk
    units: dict[str, str]
    enabled: set[str]
    starts: Counter[str]
    loaded: dict[str, str] = field(default_factory=dict)
    runs: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def state(self) -> tuple[Any, ...]:
        """The collections that make up its state."""
        return self.units, self.enabled, self.starts, self.loaded, self.runs

    def boot(self) -> None:
        """Have what is there at the start enabled, and running where that is its state."""
        self._load()
        self.enabled.update(self.units)
        for name, state in self.units.items():
            if state == "active":
                self.runs[name] = self._run(name)

    def tell(self, words: tuple[str, ...]) -> Finished | None:
        """Answer what `Unit` and `AbsentUnit` ask, and `systemctl is-active`."""
        match words:
            case ("sh", "-c", script, "sh", unit) if script == _probe():
                return said("\n".join(f"{key}={text}" for key, text in self._show(_short(unit))))
            case ("systemctl", "is-active", unit):
                state = self.units.get(_short(unit), "inactive")
                code = 0 if state == "active" else NOT_ACTIVE
                return Finished(command="", exit_code=code, stdout=f"{state}\n")
        return None

    def do(self, words: tuple[str, ...]) -> Finished | None:
        """Do a step of theirs."""
        match [word for word in words if word != "--quiet"]:
            case ["systemctl", "daemon-reload"]:
                self._load()
            case ["systemctl", verb, unit]:
                return self._change(verb, name=_short(unit))
            case ["stamp", unit, digest]:
                self.runs.get(_short(unit), {})["Started"] = digest
            case _:
                return None
        return DONE

    def _change(self, verb: str, *, name: str) -> Finished | None:
        if name not in self.loaded and name not in self.units:
            words = f"Unit {name}.service not found."
            return Finished(command="", exit_code=NOT_LOADED, stderr=words)
        match verb:
            case "enable":
                self.enabled.add(name)
            case "disable":
                self.enabled.discard(name)
            case "stop":
                self.units[name] = "inactive"
                self.runs.pop(name, None)
            case "start" | "restart":
                self.units[name] = "active"
                self.starts[name] += 1
                self.runs[name] = self._run(name)
            case _:
                return None
        return DONE

    def _load(self) -> None:
        self.loaded.clear()
        for path in map(PurePosixPath, self.disk.files):
            if str(path.parent) == FOLDER:
                self.loaded[_short(path.name)] = self.disk.text(str(path))

    def _run(self, name: str) -> dict[str, str]:
        """Return what is known of a unit that starts now: above all, with which program."""
        run = {"InvocationID": f"{self.starts[name]:032x}"}
        command = re.search(r"^ExecStart=(\S+)", self.loaded.get(name, ""), re.MULTILINE)
        if command and command[1] in self.disk.files:
            run["Running"] = self.disk.sha256(command[1])
        return run

    def _show(self, name: str) -> list[tuple[str, str]]:
        known = name in self.loaded or name in self.units
        state = "enabled" if name in self.enabled else "disabled"
        on_disk = self.disk.text(f"{FOLDER}/{name}.service")
        run = dict(self.runs.get(name, {}))
        if "Started" in run:
            run["Started"] = f"{run['InvocationID']} {run['Started']}"
        return [
            ("LoadState", "loaded" if known else "not-found"),
            ("UnitFileState", state if known else ""),
            ("ActiveState", self.units.get(name, "inactive")),
            ("NeedDaemonReload", "no" if on_disk == self.loaded.get(name, "") else "yes"),
            *run.items(),
        ]


def _probe() -> str:
    return remote("digest.sh", "probe-unit.sh")


def _short(unit: str) -> str:
    return unit.removesuffix(".service")
