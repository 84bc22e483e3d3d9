"""How a command ends that could not do its work."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING

import typer

from dcov.cli.remember import VERBOSE
from dcov.errors import CommandError, ConnectError, DcovError, EngineError, FleetError

if TYPE_CHECKING:
    from dcov.report import Report


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
        raise typer.Exit(_code(error)) from None
    except Exception as error:  # noqa: BLE001  # the last line before the shell
        if isinstance(error, OSError) and error.strerror:  # a full disk, a folder that is closed
            where = f"{error.filename}: " if error.filename else ""
            typer.echo(f"system: {where}{error.strerror}", err=True)
            raise typer.Exit(ExitCode.USAGE) from None
        _bug(error, verbose=bool(ctx.meta.get(VERBOSE)))
        raise typer.Exit(ExitCode.BUG) from None


def explain(error: DcovError) -> None:
    """Print code and cause, what became of each server, and the remedy."""
    typer.echo(f"{error.code}: {error.why}", err=True)
    if isinstance(error, FleetError):
        from dcov.cli.outcome import reason

        for outcome in error.report.failures:
            typer.echo(f"{outcome.server}: {reason(outcome)}", err=True)
    if error.remedy:
        typer.echo(f"-> {error.remedy}", err=True)


def failed(report: Report) -> ExitCode:
    """Return what it means to a script that not all servers came out well."""
    from dcov.report import Status

    bad = {outcome.status for outcome in report.failures}
    unseen = Status.UNREACHABLE in bad and bad <= {Status.UNREACHABLE, Status.NOT_RUN}
    return ExitCode.UNREACHABLE if unseen else ExitCode.FAILED


def _code(error: DcovError) -> ExitCode:
    if isinstance(error, FleetError):
        return failed(error.report)
    if isinstance(error, CommandError | EngineError):  # it failed there
        return ExitCode.FAILED
    return ExitCode.UNREACHABLE if isinstance(error, ConnectError) else ExitCode.USAGE


def _bug(error: Exception, *, verbose: bool) -> None:
    """Name the error; its traceback only on demand, and never what the variables held."""
    if verbose:
        typer.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    typer.echo(f"bug: {type(error).__name__}: {error}", err=True)
    if not verbose:
        typer.echo("-> -v shows where; please report it", err=True)
