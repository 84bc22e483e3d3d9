"""The small tasks behind `sh`, `read` and `facts`."""

from __future__ import annotations

from dcov.context import Context
from dcov.facts import Facts
from dcov.runnable import task
from dcov.ssh.command import Finished, Shell
from dcov.ssh.exchange import Tie


@task(on="all")
def sh(ctx: Context, *, command: str, within: float = 60.0, as_root: bool = False) -> Finished:
    """Run a shell command; it ends on the server when the run is cancelled."""
    return ctx.run(Shell(command), within=within, as_root=as_root, tie=Tie.TIED)


@task(on="all")
def ask_facts(ctx: Context) -> Facts:
    """Say what the server is."""
    return ctx.facts


@task(on="all")
def read_file(ctx: Context, *, path: str) -> str:
    """Return the text of a file."""
    return ctx.read(path)
