"""The root of the command line: its groups by name, each imported when it is called."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from dcov import __version__
from dcov.cli.faults import reported
from dcov.cli.remember import config_option

HELP: Mapping[str, str] = MappingProxyType(
    {
        "quickstart": "Deploy the whole site, or bring it up to date.",
        "adopt": "Make a site of an existing DC Overview host.",
        "upgrade": "Run the newest images on the master, with a way back.",
        "backup": "Write the stack's data and configuration to one file.",
        "restore": "Bring a lost site back from a backup.",
        "bundle": "Write what a site without internet needs to one file.",
        "destroy": "Remove what dcov made: the stack, and exporters.",
        "status": "Show what runs on the master.",
        "health": "Look at every layer of the site, and say whether it is well.",
        "logs": "Show what a service on the master writes.",
        "restart": "Restart services on the master.",
        "reload-prometheus": "Have Prometheus read its files anew.",
        "proxy": "Test, reload and render the proxy's configuration.",
        "open": "Open Grafana or Prometheus in the browser, through a tunnel.",
        "forward": "Have a port of the master on this machine.",
        "templates": "List the templates, and copy one to change it.",
        "run": "Run a task on servers.",
        "plan": "Show what a task would change; nothing is done.",
        "exec": "Run one command on servers.",
        "tasks": "List the tasks that can be run.",
        "servers": "List, check and change the servers of the site.",
        "facts": "Show what servers are: system, memory, GPUs.",
        "keys": "The fleet key and the servers' host keys.",
        "config": "Check and show the configuration; keep copy and master alike.",
        "explain": "Explain a key of the configuration.",
        "init": "Write a commented configuration to begin with.",
        "exporters": "List exporters and lock their versions.",
        "runs": "Look at earlier runs.",
        "ssh": "Log in to a server as the fleet does, by ssh(1).",
    }
)


class RootGroup(TyperGroup):
    """Knows its commands by name and help line; imports the one that is called."""

    def __init__(self, **settings: Any) -> None:
        commands = [
            TyperCommand(name, help=line, rich_markup_mode=None) for name, line in HELP.items()
        ]
        super().__init__(**{**settings, "commands": commands})

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Put the real command in the place of the one that stands for it."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, _imported(name) if name and command else None, rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command; say what went wrong as people read it."""
        with reported(ctx):
            return super().invoke(ctx)


def _imported(name: str) -> Any:
    module = import_module(f"dcov.cli.{name.replace('-', '_')}")
    return get_command(module.app)


app = typer.Typer(
    cls=RootGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(wanted: bool) -> None:  # noqa: FBT001  # typer calls it so
    if wanted:
        typer.echo(f"dcov {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    config: Annotated[Path | None, config_option()] = None,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version.")
    ] = False,
) -> None:
    """Deploy and operate the monitoring of a fleet of GPU servers."""
    del config, version  # their callbacks have acted already
