"""How a command ends that could not do its work."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import typer

from dcov.cli.remember import VERBOSE
from dcov.errors import DcovError


class ExitCode(IntEnum):
    """What the exit code of `dcov` says."""

    DONE = 0
    BUG = 1
    USAGE = 2
    FAILED = 3
    UNREACHABLE = 4
    CHANGES = 5
    INTERRUPTED = 130
    UNREAD = 141  # nobody reads our output any more: 128 + SIGPIPE, as other programs end


@contextmanager
def reported(ctx: typer.Context) -> Iterator[None]:
    """Say an error as people read it, and turn it into the exit code."""
    try:
        yield
    except (typer.Exit, typer.Abort, typer.TyperException):
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nor at our end
        raise typer.Exit(ExitCode.UNREAD) from None
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except DcovError as error:
        explain(error)
        raise typer.Exit(ExitCode.USAGE) from None
    except Exception as error:  # noqa: BLE001  # the last line before the shell
        _bug(error, verbose=bool(ctx.meta.get(VERBOSE)))
        raise typer.Exit(ExitCode.BUG) from None


def explain(error: DcovError) -> None:
    """Print code and cause, and below them the remedy."""
    typer.echo(f"{error.code}: {error.why}", err=True)
    if error.remedy:
        typer.echo(f"-> {error.remedy}", err=True)


def _bug(error: Exception, *, verbose: bool) -> None:
    """Name the error; its traceback only on demand, and never what the variables held."""
    if verbose:
        typer.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    typer.echo(f"bug: {type(error).__name__}: {error}", err=True)
    if not verbose:
        typer.echo("-> -v shows where; please report it", err=True)
