"""A systemd unit that runs what it should."""

from __future__ import annotations

from dataclasses import dataclass

from dcov.change import Action, Change
from dcov.converge.resource import Step
from dcov.ssh.command import Argv, Finished
from dcov.ssh.scripts import remote


def _properties(found: Finished) -> dict[str, str]:
    lines = (line.partition("=") for line in found.stdout.splitlines())
    return {key: value for key, _, value in lines}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit that is enabled, and runs with the files as they are now.

    Whether it must restart is read from the server: from the digest of the program that runs
    (`binary_sha256`), from NeedDaemonReload, and from the stamp that dcov leaves under /run
    (`started_with`, a digest over whatever else it reads when it starts). A unit that was started
    by others, or by a boot, is taken to have read what was there, and is not restarted for it.
    """

    name: str
    binary_sha256: str = ""
    started_with: str = ""

    @property
    def _unit(self) -> str:
        return f"{self.name}.service"

    def probe(self) -> Argv:
        return ("sh", "-c", remote("digest.sh", "probe-unit.sh"), "sh", self._unit)

    def plan(self, found: Finished) -> Change:
        name = f"unit:{self.name}"
        has = _properties(found)
        diff: list[str] = []
        if has.get("UnitFileState") != "enabled":
            diff += [f"-{has.get('UnitFileState') or 'not enabled'}", "+enabled"]
        if why := self._why_start(has):
            diff += [f"-{has.get('ActiveState', 'inactive')}: {why}", "+active"]
        if not diff:
            return Change(resource=name, action=Action.NOOP)
        action = Action.CREATE if has.get("LoadState") == "not-found" else Action.UPDATE
        return Change(resource=name, action=action, diff=tuple(diff))

    def _why_start(self, has: dict[str, str]) -> str:
        if has.get("ActiveState") != "active":
            return "not running"
        if has.get("NeedDaemonReload") == "yes":
            return "its unit file has changed since it was started"
        if self.binary_sha256 and has.get("Running") != self.binary_sha256:
            return "another program runs"
        stamp = has.get("Started", "")
        ours = stamp.startswith(f"{has.get('InvocationID')} ")
        if self.started_with and ours and not stamp.endswith(f" {self.started_with}"):
            return "what it reads at its start has changed"
        return ""

    def apply(self, change: Change) -> tuple[Step, ...]:
        starts = "+active" in change.diff
        was_active = not starts or any(line.startswith("-active") for line in change.diff)
        steps: list[Step] = [("settle", "systemctl", "daemon-reload")]
        if not was_active:
            steps += [
                ("settle", "forgive", self._unit),
                ("undo", "systemctl", "stop", self._unit),
            ]
        elif starts:
            steps += [("settle", "systemctl", "restart", self._unit)]
        steps += [("systemctl", "daemon-reload")]
        if "+enabled" in change.diff:
            steps += [
                ("undo", "systemctl", "--quiet", "disable", self._unit),
                ("systemctl", "--quiet", "enable", self._unit),
            ]
        if starts:
            steps += [
                ("forgive", self._unit),
                ("systemctl", "restart", self._unit),
                ("stamp", self._unit, self.started_with),
            ]
        return tuple(steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerUnit:
    """A unit whose former files are put back: it is enabled, and runs, as it was before.

    Always to be done: how it is now says nothing of how it will be with the other files.
    """

    name: str
    enabled: bool
    active: bool

    @property
    def _unit(self) -> str:
        return f"{self.name}.service"

    def probe(self) -> Argv:
        return ("sh", "-c", remote("digest.sh", "probe-unit.sh"), "sh", self._unit)

    def plan(self, found: Finished) -> Change:
        del found
        states = (
            "enabled" if self.enabled else "not enabled",
            "active" if self.active else "stopped",
        )
        return Change(
            resource=f"unit:{self.name}",
            action=Action.UPDATE,
            diff=tuple(f"+{state}, as before dcov" for state in states),
        )

    def apply(self, change: Change) -> tuple[Step, ...]:
        del change
        quietly = ("systemctl", "--quiet")
        enable = "enable" if self.enabled else "disable"
        return (
            ("settle", "systemctl", "daemon-reload"),
            ("settle", "systemctl", "restart", self._unit),
            ("systemctl", "daemon-reload"),
            ("undo", *quietly, "disable" if self.enabled else "enable", self._unit),
            (*quietly, enable, self._unit),
            ("forgive", self._unit),
            ("systemctl", "restart" if self.active else "stop", self._unit),
            ("stamp", self._unit, ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsentUnit:
    """A unit that neither runs nor is enabled; its file is another resource's."""

    name: str

    @property
    def _unit(self) -> str:
        return f"{self.name}.service"

    def probe(self) -> Argv:
        return ("sh", "-c", remote("digest.sh", "probe-unit.sh"), "sh", self._unit)

    def plan(self, found: Finished) -> Change:
        name = f"unit:{self.name}"
        has = _properties(found)
        diff: list[str] = []
        if has.get("ActiveState") not in ("inactive", "failed"):
            diff.append(f"-{has.get('ActiveState')}")
        if has.get("UnitFileState") == "enabled":
            diff.append("-enabled")
        action = Action.DELETE if diff else Action.NOOP
        return Change(resource=name, action=action, diff=tuple(diff))

    def apply(self, change: Change) -> tuple[Step, ...]:
        steps: list[Step] = [("settle", "systemctl", "daemon-reload")]
        if "-enabled" in change.diff:
            steps += [
                ("settle", "systemctl", "--quiet", "enable", self._unit),
                ("systemctl", "--quiet", "disable", self._unit),
            ]
        if any(line != "-enabled" for line in change.diff):
            steps += [
                ("settle", "systemctl", "start", self._unit),
                ("systemctl", "stop", self._unit),
            ]
        return (*steps, ("stamp", self._unit, ""))
