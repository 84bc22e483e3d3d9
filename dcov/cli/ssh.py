"""`dcov ssh NAME`: ssh(1) itself."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from dcov.cli.complete import complete_server
from dcov.cli.remember import config_option

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command("ssh", context_settings={"allow_interspersed_args": False})
def ssh(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The server.", autocompletion=complete_server)
    ],
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND", help="What to run there; a shell without it."),
    ] = None,
    *,
    config: Annotated[Path | None, config_option()] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Only print the command line of ssh.")
    ] = False,
) -> None:
    """Log in to a server by ssh, as the fleet does: the same address, key, jump and host keys.

    Its exit code is that of ssh.
    """
    from dcov.inventory.open_site import open_site
    from dcov.ssh.openssh import ssh_argv

    words = ssh_argv(open_site(config), name, command or ())
    if show:
        typer.echo(shlex.join(words))
        return
    os.execvp(words[0], words)  # noqa: S606  # its terminal is ours
