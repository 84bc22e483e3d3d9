"""`dcov forward`: a port of the master on this machine."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from dcov.cli.form import write
from dcov.cli.progress import say
from dcov.cli.remember import config_option

app = typer.Typer(rich_markup_mode=None, add_completion=False)
FORM = re.compile(r"(?P<local>\d+)(?::(?P<host>\[[^\]]+\]|[^:]+):(?P<port>\d+))?")


@app.command("forward")
def forward(
    what: Annotated[
        str,
        typer.Argument(
            metavar="PORT[:HOST:PORT]",
            help="The port here, and host and port as the master sees them; 0 takes a free one.",
        ),
    ],
    *,
    config: Annotated[Path | None, config_option()] = None,
) -> None:
    """Have a port of this machine's loopback lead to one that the master reaches, until Ctrl-C.

    `dcov forward 9090` is the master's own; `dcov forward 8000:10.0.0.7:80` is another machine's.
    """
    from dcov.fleet import Fleet

    match = FORM.fullmatch(what)
    if match is None:
        raise typer.BadParameter(f"{what!r} is not of the form PORT or PORT:HOST:PORT")
    local = int(match["local"])
    host, port = (match["host"] or "127.0.0.1").strip("[]"), int(match["port"] or local)
    if not 0 < port <= 65535 or local > 65535:  # noqa: PLR2004  # the last port there is
        raise typer.BadParameter(f"{what!r}: a port is a number up to 65535")
    try:
        tunnel = Fleet.load(config).forward(port, host=host, local=local)
    except OSError as error:
        raise typer.BadParameter(f"port {local} of this machine: {error.strerror}") from None
    with tunnel:
        write(f"127.0.0.1:{tunnel.port}")
        sys.stdout.flush()  # a script reads it and goes on
        say(f"leads to {host}:{port} as the master sees it; Ctrl-C ends it")
        tunnel.wait()
