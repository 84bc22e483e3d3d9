"""The options that commands share: dataclasses that a command takes as its parameter `how`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from dcov.cli.complete import complete_limit
from dcov.cli.form import Form
from dcov.cli.remember import config_option, verbose_option

HOW = "how"
WEEK = 7 * 86400.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The options of every command that shows something."""

    config: Annotated[Path | None, config_option()] = None
    output: Annotated[
        Form, typer.Option("--output", "-o", metavar="FORM", help=f"{', '.join(Form)}.")
    ] = Form.TABLE
    json: Annotated[bool, typer.Option("--json", help="The same as -o json.")] = False
    verbose: Annotated[bool, verbose_option()] = False

    @property
    def form(self) -> Form:
        """The form that was asked for."""
        return Form.JSON if self.json else self.output


@dataclass(frozen=True, slots=True, kw_only=True)
class How(Look):
    """The options of every command that connects to servers."""

    limit: Annotated[
        str,
        typer.Option(
            "--limit",
            "-l",
            metavar="PATTERN",
            help="Servers, as in 'gpu-*:!gpu-03:&workers'; @failed: what the last run left undone.",
            autocompletion=complete_limit,
            show_default=False,
        ),
    ] = ""
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Servers at once; 50 if no task says less.")
    ] = None
    batch: Annotated[
        str | None, typer.Option(metavar="N|N%", help="Servers in one batch; all where missing.")
    ] = None
    canary: Annotated[
        int | None, typer.Option(metavar="N", help="Servers that go first, and must come out well.")
    ] = None
    max_failures: Annotated[
        str | None,
        typer.Option(metavar="N|N%", help="Begin no batch once more than these have failed."),
    ] = None
    deadline: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="For one server; 900 where missing.")
    ] = None
    accept_new_host_keys: Annotated[
        bool, typer.Option("--accept-new-host-keys", help="Trust servers seen for the first time.")
    ] = False
    events: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Append what happens, one JSON a line.")
    ] = None

    @property
    def engine_options(self) -> dict[str, Any]:
        """What of this is for `fleet.using`; only what was said."""
        said = {
            "workers": self.workers,
            "batch": self.batch,
            "canary": self.canary,
            "max_failures": self.max_failures,
            "deadline": self.deadline,
            "accept_new": self.accept_new_host_keys or None,
        }
        return {name: value for name, value in said.items() if value is not None}


def _seconds(value: float | None) -> float | None:
    if value is not None and not 0 < value <= WEEK:
        raise typer.BadParameter(f"{value:g} is no number of seconds")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching(How):
    """The options of a command that only looks, perhaps again and again."""

    watch: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Look again every so many seconds.",
            callback=_seconds,
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changing(How):
    """The options of a command that changes servers, or plans to."""

    dry_run: Annotated[
        bool, typer.Option("--dry-run", "--check", help="Only plan, as `dcov plan` does.")
    ] = False
    diff: Annotated[
        bool | None,
        typer.Option("--diff/--no-diff", help="Show the changes line by line; plans do."),
    ] = None
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="End a plan that has changes with 5.")
    ] = False


def spread(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command each option of its parameter `how` in its own right."""
    signature = inspect.signature(function, eval_str=True)
    kind = signature.parameters[HOW].annotation
    own = [item for name, item in signature.parameters.items() if name != HOW]
    hints = get_type_hints(kind, include_extras=True)
    shared = [_parameter(item, hints[item.name]) for item in fields(kind)]
    names = [item.name for item in shared]

    def called(**given: Any) -> None:
        how = kind(**{name: given.pop(name) for name in names})
        function(**given, how=how)

    together = [*own, *shared]
    called.__name__, called.__doc__ = function.__name__, function.__doc__
    called.__module__ = function.__module__
    called.__annotations__ = {item.name: item.annotation for item in together}
    called.__signature__ = Signature(together)  # type: ignore[attr-defined]
    return called


def _parameter(item: Field[Any], annotation: Any) -> Parameter:
    default = Parameter.empty if item.default is MISSING else item.default
    return Parameter(item.name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
