"""`dcov proxy`: the configuration of the proxy on the master."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from dcov.cli.options import How, spread

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, add_completion=False)


@app.callback()
def proxy() -> None:
    """Test, reload and render the proxy's configuration."""


@app.command("test")
@spread
def test(*, how: How) -> None:
    """Have nginx on the master check its configuration as it lies there; nothing is changed."""
    from dcov.cli.outcome import finish
    from dcov.stack.proxy.operation import check_proxy

    finish(how, lambda fleet: fleet.run(check_proxy))


@app.command("reload")
@spread
def reload(*, how: How) -> None:
    """Have nginx on the master read its configuration and certificate anew, if it takes them."""
    from dcov.cli.outcome import finish
    from dcov.stack.proxy.operation import reload_proxy

    finish(how, lambda fleet: fleet.run(reload_proxy))


@app.command("render")
@spread
def render(
    *,
    own: Annotated[
        bool,
        typer.Option(
            "--own", help="For an nginx of your own on the master: by addresses and paths there."
        ),
    ] = False,
    how: How,
) -> None:
    """Print the nginx.conf that would be deployed now.

    With --own it is for an nginx that runs on the master in no container: it finds services and
    files as the master does. docs/proxy.md tells what else such a one needs.
    """
    from dcov.cli.opened import chosen
    from dcov.stack.proxy.operation import render_proxy

    report = chosen(how).run(render_proxy, on_loopback=own)
    report.raise_for_failures()
    sys.stdout.write(next(iter(report.outcomes)).value)
