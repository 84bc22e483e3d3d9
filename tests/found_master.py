"""A master for tasks of the stack that change nothing there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rendered_site import RenderedSite

from dcov import Context
from dcov.ssh.command import Argv, Finished, Shell
from dcov.stack import Stack, Survey
from dcov.testing import ScriptedSession


def container(name: str, **labels: str) -> dict[str, Any]:
    """A container that runs, as the engine describes it; dcov's own say of which site they are."""
    shown = {"name": f"/{name}", "image": f"{name}:1", "state": "running", "labels": labels}
    return {**shown, "networks": {"cryptolabs": {"IPAddress": "172.30.0.6"}}, "mounts": []}


def ours(name: str) -> dict[str, Any]:
    """One that dcov made."""
    labels = {"io.dcov.site": "x", "com.docker.compose.project": "dc-overview"}
    return container(name, **labels)


def surveyed(*containers: Mapping[str, Any], more: str = "") -> str:
    """What is found on a master with an engine on which these run."""
    lines = ["engine\t20.10", "compose\t2.20", *(f"container\t{json.dumps(c)}" for c in containers)]
    return "\n".join(lines) + "\n" + more


@dataclass(kw_only=True)
class FoundMaster(ScriptedSession):
    """A double: `survey` is what it answers to the question what it has."""

    survey: str = field(default_factory=surveyed)

    def run(self, command: Argv | Shell, **how: Any) -> Finished:
        """Answer it; all else as was written down."""
        if isinstance(command, Shell) and "\nseen_site" in command and how.get("sink"):
            how["sink"](self.survey.encode())
            return Finished(command="survey", exit_code=0, stdout=self.survey)
        return super().run(command, **how)

    def stack(self, config: str, *, folder: Path) -> Stack:
        """Return the stack of this fleet-config.yaml there; no file is kept of its site."""
        survey = Survey.read(self.survey)
        stack = RenderedSite.of(config, folder=folder, survey=survey).stack
        return replace(stack, site=replace(stack.site, path=None))

    def on(self, stack: Stack, *, planning: bool = False) -> Context:
        """Return a Context to call a task of the stack with."""
        site = stack.site
        whole = replace(site, entries={**site.entries, site.master.name: site.master})
        return self.context(name=site.master.name, planning=planning, site=whole)
